/** Pictures and requests that a whole processor refuses, each with the reason, and without harm to the next request. */
import assert from "node:assert/strict";
import type { UtilizationReport } from "@gpumedia/api";
import { photograph } from "../../testing/photographs.ts";
import { pngFile } from "../../testing/png-file.ts";
import type { Problem } from "../problem.ts";
import { picture, pictureProcessor, png, resized, truncated } from "../testing/picture-processor.ts";

describe("POST /v1/process of what cannot be processed", () => {
  const { post, url } = pictureProcessor();

  it("explains to a client that sends something else how to send a picture", async () => {
    const { response, bytes } = await post(photograph("flower"), { "content-type": "application/json" });
    const { title, detail } = JSON.parse(new TextDecoder().decode(bytes)) as Problem;
    assert.deepEqual(
      [response.status, title, response.headers.get("accept-post")],
      [
        415,
        "Unsupported media type",
        "image/jpeg, image/png, image/webp, image/avif, application/octet-stream, multipart/form-data",
      ],
    );
    assert.equal(
      detail,
      "application/json is not a type of pictures: send the picture itself as the body, as image/jpeg, image/png, image/webp or image/avif, or without a content type (the bytes decide), or as the one file of multipart/form-data",
    );
  });

  const invalid: readonly {
    readonly name: string;
    readonly body?: () => Promise<Uint8Array> | Uint8Array;
    readonly headers?: Record<string, string>;
    readonly query?: string;
    readonly problem: string;
    /** Of the problem; by default any. */
    readonly detail?: RegExp;
  }[] = [
    {
      name: "the first three bytes of a JPEG",
      body: () => photograph("flower").subarray(0, 3),
      problem: "422 undecodable",
    },
    { name: "half a JPEG header", body: () => photograph("flower").subarray(0, 80), problem: "422 undecodable" },
    { name: "a PNG of 0x0", body: async () => resized(await png(9, 9), 0, 0), problem: "422 undecodable" },
    { name: "a JPEG of 0x0", body: async () => resizedJpeg(0, 0), problem: "422 undecodable" },
    {
      name: "a WebP that ends before its pixels",
      body: async () => half(await picture(200, 200).webp().toBuffer()),
      problem: "422 undecodable",
    },
    {
      name: "a PNG whose pixels are damaged from the first on",
      body: async () => corrupted(await png(99, 99)),
      problem: "422 undecodable",
    },
    {
      name: "a PNG without a whole row of pixels",
      body: async () => resized(await png(9, 9), 100, 100),
      problem: "422 undecodable",
    },
    {
      name: "a PNG that declares 60000x60000",
      body: async () => resized(await png(9, 9), 60_000, 60_000),
      problem: "413 too-large",
    },
    {
      name: "a JPEG that declares 65535x65535",
      body: async () => resizedJpeg(65_535, 65_535),
      problem: "413 too-large",
    },
    { name: "a picture over the pixel limit", body: async () => png(1001, 1000), problem: "413 too-large" },
    ...["image/jpeg", "image/webp"].map((accept) => ({
      name: `a row whose result is too long for ${accept}`,
      body: async () => png(65_535, 1),
      headers: { accept },
      problem: "422 wrong-size",
    })),
    {
      name: "a PNG with an unknown critical chunk",
      body: () => pngFile([1, 2, 3], { chunks: [["ABCD", Buffer.of(1)]] }),
      problem: "422 undecodable",
      detail: /^the PNG has a chunk ABCD, which is marked as critical/,
    },
    {
      name: "a PNG without its palette",
      body: () => pngFile([0], { indexed: true }),
      problem: "422 undecodable",
      detail: /no palette \(PLTE chunk\) comes before them$/,
    },
    { name: "text", body: () => Buffer.from("no picture at all"), problem: "415 unsupported-format" },
    {
      name: "HEIC",
      body: () => Buffer.from("\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf", "latin1"),
      problem: "415 unsupported-format",
    },
    { name: "a truncated AVIF", body: async () => truncated("avif"), problem: "422 undecodable" },
    { name: "a GIF", body: async () => picture(9, 9).gif().toBuffer(), problem: "415 unsupported-format" },
    {
      name: "an SVG",
      body: () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
      problem: "415 unsupported-format",
    },
    { name: "XML", headers: { "content-type": "application/xml" }, problem: "415 media-type" },
    { name: "an empty body", body: () => new Uint8Array(), problem: "400 body-missing" },
    {
      name: "a JPEG that ends behind its headers",
      body: async () => {
        const jpeg = await picture(8, 8).jpeg().toBuffer();
        const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
        return jpeg.subarray(0, scan + 2 + jpeg.readUInt16BE(scan + 2));
      },
      problem: "422 undecodable",
      detail: /^the JPEG ends before its first row of pixels$/,
    },
    {
      name: "a form without a file",
      headers: { "content-type": "multipart/form-data; boundary=b" },
      body: () =>
        Buffer.from(
          ["a", "c"].map((name) => `--b\r\nContent-Disposition: form-data; name=${name}\r\n\r\nx\r\n`).join("") +
            "--b--",
        ),
      problem: "400 body-missing",
      detail: /^the form has no file: send the picture itself/,
    },
    { name: "33 MiB", body: () => new Uint8Array(33 * 1024 * 1024), problem: "413 body-too-large" },
    { name: "a quality of 0", query: "?quality=0", problem: "400 quality" },
    { name: "a quality that is not a number", query: "?quality=best", problem: "400 quality" },
    { name: "a request for text", headers: { accept: "text/plain" }, problem: "406 not-acceptable" },
  ];
  for (const { name, body = () => photograph("flower"), headers, query, problem: expected, detail = /./ } of invalid) {
    it(`rejects ${name} with ${expected}, and serves the next request`, async () => {
      const { response, bytes } = await post(await body(), headers, query);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      const problem = JSON.parse(new TextDecoder().decode(bytes)) as Problem;
      assert.equal(`${problem.status} ${problem.type.replace("urn:gpumedia:problem:", "")}`, expected);
      assert.equal(response.status, problem.status);
      assert.match(problem.detail, detail);
      const next = await post(await picture(8, 8).jpeg().toBuffer());
      assert.equal(next.response.status, 200);
      const { workers } = (await (await fetch(`${url()}/utilization`)).json()) as UtilizationReport;
      assert.equal(workers.restarts, 0);
    });
  }
});

function corrupted(png: Buffer): Buffer {
  const at = png.indexOf("IDAT") + 10;
  png[at] = (png[at] ?? 0) ^ 0xff;
  return png;
}

/** A small JPEG with other dimensions in its frame header. */
async function resizedJpeg(width: number, height: number): Promise<Buffer> {
  const jpeg = await picture(9, 9).jpeg().toBuffer();
  const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
  jpeg.writeUInt16BE(height, frame + 5);
  jpeg.writeUInt16BE(width, frame + 7);
  return jpeg;
}

function half(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length / 2));
}
