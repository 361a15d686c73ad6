/** Pictures of every kind that the formats allow, through a whole processor. */
import assert from "node:assert/strict";
import sharp from "sharp";
import { picture, pictureProcessor, png } from "../testing/picture-processor.ts";

describe("POST /v1/process of an unusual picture", () => {
  const { post } = pictureProcessor();

  it("processes the first frame of an animation, and reports how many it has", async () => {
    const frames = ["#8040c0", "blue", "lime"].map((background) => ({
      create: { width: 30, height: 20, channels: 3 as const, background },
    }));
    const body = await sharp(frames as unknown as string[], { join: { animated: true } })
      .webp()
      .toBuffer();
    const { response, bytes } = await post(body);
    assert.deepEqual([response.status, response.headers.get("gpumedia-frames")], [200, "1/3"]);
    const { data } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
    for (const [channel, value] of [0x80, 0x40, 0xc0].entries()) assert.ok(Math.abs((data[channel] ?? 0) - value) <= 6);
    const still = await post(await picture(30, 20).webp().toBuffer());
    assert.equal(still.response.headers.get("gpumedia-frames"), null);
  });

  const unusual: readonly (readonly [name: string, body: () => Promise<Buffer>, size: string])[] = [
    ["1x1", async () => picture(1, 1).jpeg().toBuffer(), "2x2"],
    ["1x1 PNG", async () => picture(1, 1).png().toBuffer(), "2x2"],
    ["1x40", async () => png(1, 40), "2x80"],
    ["40x1", async () => png(40, 1), "80x2"],
    ["3x2", async () => png(3, 2), "6x4"],
    ["4000x1", async () => png(4000, 1), "8000x2"],
    ["65535x1", async () => picture(65_535, 1).png().toBuffer(), "131070x2"],
    ["1x65535", async () => picture(1, 65_535).png().toBuffer(), "2x131070"],
    ["a progressive JPEG", async () => picture(30, 20).jpeg({ progressive: true }).toBuffer(), "60x40"],
    ["a grey JPEG", async () => picture(30, 20).greyscale().jpeg().toBuffer(), "60x40"],
    ["a CMYK JPEG", async () => picture(30, 20).toColourspace("cmyk").jpeg().toBuffer(), "60x40"],
    [
      "a JPEG that EXIF rotates",
      async () => picture(30, 20).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      "40x60",
    ],
    ["a 16-bit PNG", async () => picture(30, 20).toColourspace("rgb16").png().toBuffer(), "60x40"],
    ["an interlaced PNG", async () => picture(30, 20).png({ progressive: true }).toBuffer(), "60x40"],
    [
      "a grey PNG with alpha",
      async () => picture(30, 20).ensureAlpha(0.5).toColourspace("b-w").png().toBuffer(),
      "60x40",
    ],
    ["a PNG with alpha", async () => picture(30, 20).ensureAlpha(1).png().toBuffer(), "60x40"],
    ["a PNG with palette", async () => picture(30, 20).png({ palette: true }).toBuffer(), "60x40"],
    ["a lossless WebP", async () => picture(30, 20).webp({ lossless: true }).toBuffer(), "60x40"],
  ];
  for (const [name, body, size] of unusual) {
    it(`doubles ${name}, and keeps its colours`, async () => {
      const { response, bytes } = await post(await body(), { accept: "image/png" });
      assert.equal(response.status, 200, new TextDecoder().decode(bytes.subarray(0, 300)));
      const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true });
      assert.equal(`${info.width}x${info.height}`, size);
      const grey = /grey/.test(name);
      // CMYK is converted by a profile, and the weights of grey vary.
      const tolerance = grey || name.includes("CMYK") ? 60 : 6;
      for (const [channel, value] of (grey ? [97, 97, 97] : [0x80, 0x40, 0xc0]).entries()) {
        const found = data[channel] ?? Number.NaN;
        assert.ok(Math.abs(found - value) <= tolerance, `channel ${channel} is ${found}`);
      }
    });
  }
});
