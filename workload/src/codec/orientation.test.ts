/** All eight values of Exif's orientation in each format, compared with libvips' autorot (sharp's autoOrient). */
import assert from "node:assert/strict";
import sharp, { type Sharp } from "sharp";
import { formats, pictureFormats, type PictureFormat } from "../core/picture.ts";
import { decodePicture } from "../testing/decode-picture.ts";

/** Six squares of 16x16, three beside two, each of another colour: no turn leaves them where they are. */
const [width, height] = [48, 32];
const colours = [
  [200, 30, 30],
  [30, 200, 30],
  [30, 30, 200],
  [200, 200, 30],
  [30, 200, 200],
  [200, 30, 200],
];
function squares(channels: 3 | 4): Sharp {
  const pixels = Buffer.alloc(width * height * channels, 128);
  for (let index = 0; index < width * height; index++) {
    const [x, y] = [index % width, Math.floor(index / width)];
    const square = Math.floor(x / 16) + 3 * Math.floor(y / 16);
    pixels.set([...(colours[square] ?? []), 80 + square * 20].slice(0, channels), index * channels);
  }
  return sharp(pixels, { raw: { width, height, channels } });
}

async function encoded(format: PictureFormat, orientation: number, channels: 3 | 4): Promise<Buffer> {
  const picture = squares(channels).withMetadata({ orientation });
  switch (format) {
    case "jpeg":
      return picture.jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer();
    case "png":
      return picture.png().toBuffer();
    case "webp":
      return picture.webp({ lossless: true }).toBuffer();
    case "avif":
      // libvips writes the properties irot and imir.
      return picture.avif({ lossless: true, effort: 0 }).toBuffer();
  }
}

describe("a picture that Exif turns", () => {
  for (const format of pictureFormats) {
    for (const channels of formats[format].transparency ? ([3, 4] as const) : ([3] as const)) {
      for (const orientation of [1, 2, 3, 4, 5, 6, 7, 8]) {
        it(`is displayed as ${formats[format].name} of ${channels} channels with orientation ${orientation}`, async () => {
          const bytes = await encoded(format, orientation, channels);
          const { header, rgb, alpha } = await decodePicture(bytes);
          const png = await encoded("png", orientation, channels);
          const expected = await sharp(png).autoOrient().raw().toBuffer({ resolveWithObject: true });
          assert.deepEqual([header.width, header.height], [expected.info.width, expected.info.height]);
          assert.equal(alpha === undefined, channels === 3);
          const found = Buffer.alloc(expected.data.length);
          for (let pixel = 0; pixel < width * height; pixel++) {
            found.set(
              [...rgb.subarray(pixel * 3, pixel * 3 + 3), alpha?.[pixel] ?? 0].slice(0, channels),
              pixel * channels,
            );
          }
          // JPEG and AVIF differ by a few levels.
          const worst = Math.max(...found.map((value, at) => Math.abs(value - (expected.data[at] ?? 0))));
          assert.ok(worst <= (format === "jpeg" || format === "avif" ? 12 : 0), `off by up to ${worst} levels`);
        });
      }
    }
  }
});
