import assert from "node:assert/strict";
import { frameBytes } from "../core/video-frame.ts";
import { photographs, photograph, decoded, psnr } from "../testing/photographs.ts";
import { i420OfRgb, rgbOfI420 } from "./i420.ts";

/** Of colour bars at 100 %, in 8 bits: Rec. ITU-R BT.601-7 and, for the rounding, ITU-T Rec. H.273. */
const bars = [
  ["white", [255, 255, 255], [235, 128, 128]],
  ["yellow", [255, 255, 0], [210, 16, 146]],
  ["cyan", [0, 255, 255], [170, 166, 16]],
  ["green", [0, 255, 0], [145, 54, 34]],
  ["magenta", [255, 0, 255], [106, 202, 222]],
  ["red", [255, 0, 0], [81, 90, 240]],
  ["blue", [0, 0, 255], [41, 240, 110]],
  ["black", [0, 0, 0], [16, 128, 128]],
] as const;

describe("I420", () => {
  for (const [name, rgb, yuv] of bars) {
    it(`has ${name} as the bars of BT.601 do, and back`, () => {
      const size = { width: 2, height: 2 };
      const [y, u, v] = yuv;
      const frame = new Uint8Array(frameBytes(size));
      i420OfRgb(
        frame,
        Uint8Array.from({ length: 12 }, (_, at) => rgb[at % 3] ?? 0),
        size,
      );
      assert.deepEqual([...frame], [y, y, y, y, u, v]);
      const back = new Uint8Array(12);
      rgbOfI420(back, frame, size);
      for (const [at, value] of back.entries()) assert.ok(Math.abs(value - (rgb[at % 3] ?? 0)) <= 1, back.join(" "));
    });
  }

  it("gives an odd edge its own colour", () => {
    const size = { width: 3, height: 1 };
    const frame = new Uint8Array(frameBytes(size));
    i420OfRgb(frame, Uint8Array.of(255, 0, 0, 255, 0, 0, 0, 0, 255), size);
    assert.deepEqual([...frame], [81, 81, 41, 90, 240, 240, 110]);
  });

  for (const name of photographs) {
    it(`keeps ${name} at 40 dB or more in brightness`, async () => {
      const picture = await decoded(photograph(name));
      const frame = new Uint8Array(frameBytes(picture));
      i420OfRgb(frame, picture.pixels, picture);
      const back = new Uint8Array(picture.width * picture.height * 3);
      rgbOfI420(back, frame, picture);
      const grey = (pixels: Uint8Array) => ({
        width: picture.width,
        height: picture.height,
        pixels: Uint8Array.from(pixels, (_, at) => {
          const from = at - (at % 3);
          const [r = 0, g = 0, b = 0] = pixels.subarray(from, from + 3);
          return Math.round(0.299 * r + 0.587 * g + 0.114 * b);
        }),
      });
      assert.ok(psnr(grey(back), grey(picture.pixels)) >= 40);
    });
  }
});
