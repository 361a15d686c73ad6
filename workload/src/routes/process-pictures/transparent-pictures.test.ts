/** Pictures with transparent parts, through a whole processor. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { decoded } from "../../testing/photographs.ts";
import { pictureProcessor } from "../testing/picture-processor.ts";

describe("POST /v1/process of a transparent picture", () => {
  const { post } = pictureProcessor();

  it("keeps transparency in a PNG, and puts the picture on white in a JPEG", async () => {
    const clear = await sharp({
      create: { width: 16, height: 16, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
    })
      .png()
      .toBuffer();
    const png = await sharp((await post(clear, { accept: "image/png" })).bytes)
      .raw()
      .toBuffer({ resolveWithObject: true });
    assert.deepEqual([png.info.channels, png.data[3]], [4, 0]);
    const jpeg = await decoded((await post(clear, { accept: "image/jpeg" })).bytes);
    assert.ok((jpeg.pixels[0] ?? 0) > 250);
  });

  for (const format of ["png", "webp", "avif"] as const) {
    // What canvases and cut-out tools write: the invisible part is black. Pillow's resize, which premultiplies, gives 229 at least.
    it(`gives a cut-out in ${format} no dark outline, and leaves it where it is`, async () => {
      const [width, height] = [64, 64];
      const rgba = Buffer.alloc(width * height * 4);
      for (let at = 0; at < width * height; at++) {
        const [x, y] = [at % width, Math.floor(at / width)];
        if ((x - 31.5) ** 2 + (y - 31.5) ** 2 < 400) rgba.set([255, 230, 60, 255], at * 4);
      }
      const disc = sharp(rgba, { raw: { width, height, channels: 4 } });
      const { bytes } = await post(await disc.toFormat(format, { lossless: true, effort: 1 }).toBuffer(), {
        accept: "image/png",
      });
      const onWhite = await sharp(bytes).flatten({ background: "white" }).raw().toBuffer();
      const green = onWhite.filter((_, at) => at % 3 === 1);
      assert.ok(Math.min(...green) >= (format === "png" ? 229 : 224), `darkest green is ${Math.min(...green)}`);
      const alpha = await sharp(bytes).extractChannel(3).raw().toBuffer();
      const mirrored = alpha.map((_, at) => alpha[Math.floor(at / 128) * 128 + 127 - (at % 128)] ?? 0);
      assert.deepEqual(alpha, mirrored);
    });
  }
});
