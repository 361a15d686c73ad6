import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp, { type Sharp } from "sharp";
import { type Picture, loadPictures, readImageHeader } from "./pictures.ts";

function grey(width: number, height: number): Sharp {
  return sharp({ create: { width, height, channels: 3, background: "#888" } });
}

async function loaded(files: readonly string[]): Promise<readonly Picture[]> {
  const pictures = await loadPictures(files);
  assert.ok(!("kind" in pictures), JSON.stringify(pictures));
  return pictures;
}

describe("pictures to send", () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), "loadtest-pictures-"))));
  after(() => rm(folder, { recursive: true }));

  it("generates one by default, always the same and as detailed as a photograph", async () => {
    const [[first], [second]] = [await loaded([]), await loaded([])];
    assert.ok(first && second);
    const { body, sha256, ...rest } = first;
    assert.deepEqual(rest, { name: "built-in", type: "image/jpeg", format: "jpeg", width: 640, height: 480 });
    assert.equal(sha256, second.sha256);
    // Photographs of this size and quality take 40 to 120 kB; a flat drawing takes under 10.
    assert.ok(body.length > 40_000 && body.length < 120_000, `${body.length} bytes`);
  });

  it("reads the files in order, in any format", async () => {
    const [png, webp] = [join(folder, "a.png"), join(folder, "b.bin")];
    await grey(30, 20).png().toFile(png);
    await writeFile(webp, await grey(8, 9).webp().toBuffer());
    const pictures = await loaded([webp, png]);
    assert.deepEqual(
      pictures.map(({ name, type, width, height }) => ({ name, type, width, height })),
      [
        { name: "b.bin", type: "image/webp", width: 8, height: 9 },
        { name: "a.png", type: "image/png", width: 30, height: 20 },
      ],
    );
  });

  it("returns the displayed size: EXIF can rotate a picture", async () => {
    const turned = await grey(30, 20).jpeg().withMetadata({ orientation: 6 }).toBuffer();
    assert.deepEqual(await readImageHeader(turned), { format: "jpeg", width: 20, height: 30 });
  });

  it("names a missing file", async () => {
    const missing = join(folder, "missing.jpg");
    assert.deepEqual(await loadPictures([missing]), {
      kind: "unreadable-picture",
      message: `--image ${missing}: ENOENT: no such file or directory, open '${missing}'`,
    });
  });

  it("names the file that is not an image", async () => {
    const text = join(folder, "text.jpg");
    await writeFile(text, "not a picture");
    assert.deepEqual(await loadPictures([text]), {
      kind: "unreadable-picture",
      message: `--image ${text}: not an image that sharp can read`,
    });
  });

  it("finds no header in bytes that are not an image", async () =>
    assert.equal(await readImageHeader(Buffer.from("?")), null));
});
