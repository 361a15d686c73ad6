import assert from "node:assert/strict";
import { formFile } from "./form-file.ts";

const picture = new Uint8Array([0xff, 0xd8, 0xff, 13, 10, 45, 45, 99]);
const more = new File([new Uint8Array([1])], "b.jpg");

async function fileOf(form: FormData): Promise<number[] | undefined> {
  const request = new Response(form);
  const file = await formFile(new Uint8Array(await request.arrayBuffer()), request.headers.get("content-type") ?? "");
  return file && [...file];
}

/** A form with these entries. */
function formOf(...entries: readonly (readonly [name: string, value: string | Blob])[]): FormData {
  const form = new FormData();
  for (const [name, value] of entries) form.append(name, value);
  return form;
}

describe("a form", () => {
  const answered: readonly (readonly [name: string, form: FormData])[] = [
    ["with a file", formOf(["file", new File([picture], "a.jpg", { type: "image/jpeg" })])],
    ["with a file whose name has quotes", formOf(["picture", new File([picture], 'ä "b".jpg')])],
    ["with a Blob", formOf(["file", new Blob([picture])])],
    ["with a file and fields", formOf(["token", "x"], ["file", new Blob([picture])], ["submit", "Send"])],
    ["with a file and an empty file field", formOf(["first", new File([], "")], ["second", new Blob([picture])])],
  ];
  for (const [name, form] of answered) {
    it(`${name} contains a picture`, async () => assert.deepEqual(await fileOf(form), [...picture]));
  }

  it("contains a picture in its only part without a file name, as curl's -F 'file=<name' sends it", async () => {
    const head = '--b\r\nContent-Disposition: form-data; name="file"\r\n\r\n';
    const body = Buffer.concat([Buffer.from(head), picture, Buffer.from("\r\n--b--\r\n")]);
    const file = await formFile(new Uint8Array(body), "multipart/form-data; boundary=b");
    assert.deepEqual(file, picture);
  });

  it("without a file contains none", async () => {
    assert.equal(await fileOf(formOf(["a", "1"], ["b", "2"])), undefined);
  });

  it("with two files is rejected", async () => {
    await assert.rejects(fileOf(formOf(["a", new Blob([picture])], ["b", more])), {
      code: "form",
      message: "the form has 2 files; send one",
    });
  });

  const part = '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx';
  const damaged: readonly (readonly [name: string, body: string, type: string, message: RegExp])[] = [
    ["cut off within its file", part, "multipart/form-data; boundary=b", /^the form is damaged: /],
    ["without a boundary in its type", part, "multipart/form-data", /^the content type names no boundary/],
    [
      "with another boundary in its type",
      `${part}\r\n--b--`,
      "multipart/form-data; boundary=c",
      /^the form is damaged/,
    ],
    ["that is empty", "", "multipart/form-data; boundary=b", /^the form is damaged: /],
    [
      "of a hundred thousand parts",
      "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n".repeat(100_000),
      "multipart/form-data; boundary=b",
      /^the form has more than 100 parts$/,
    ],
  ];
  for (const [name, body, type, message] of damaged) {
    it(`${name} is rejected`, async () => {
      await assert.rejects(formFile(new Uint8Array(Buffer.from(body)), type), { code: "form", message });
    });
  }
});
