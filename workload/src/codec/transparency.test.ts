import assert from "node:assert/strict";
import sharp from "sharp";
import { decodePicture } from "../testing/decode-picture.ts";
import { seededRandom } from "../testing/random.ts";
import { fillInvisible, resizedAlpha } from "./transparency.ts";

describe("invisible pixels", () => {
  it("get the colour of the nearest visible pixel, wherever visible ones are", () => {
    const next = seededRandom(11);
    for (let round = 0; round < 60; round++) {
      const size = { width: 1 + Math.floor(next() * 24), height: 1 + Math.floor(next() * 24) };
      const count = size.width * size.height;
      const density = next() ** 3;
      const alpha = Uint8Array.from({ length: count }, () => (next() < density ? 1 + Math.floor(next() * 255) : 0));
      // A colour of its own for each pixel.
      const before = Uint8Array.from({ length: count * 3 }, (_, at) =>
        at % 3 === 0 ? Math.floor(at / 3) % 256 : at % 3 === 1 ? Math.floor(at / 768) : 7,
      );
      const rgb = before.slice();
      fillInvisible(rgb, alpha, size);
      for (let at = 0; at < count; at++) {
        const from = (rgb[at * 3] ?? 0) + 256 * (rgb[at * 3 + 1] ?? 0);
        const expected = nearestDistance(alpha, size, at);
        assert.equal(
          distance(size.width, at, from),
          expected ?? 0,
          `${size.width}x${size.height}, pixel ${at} has the colour of ${from}`,
        );
        assert.ok(expected === undefined || alpha[from] !== 0);
      }
    }
  });

  it("keep their colours in a picture that is invisible altogether", () => {
    const rgb = Uint8Array.of(1, 2, 3, 4, 5, 6);
    fillInvisible(rgb, Uint8Array.of(0, 0), { width: 2, height: 1 });
    assert.deepEqual([...rgb], [1, 2, 3, 4, 5, 6]);
  });
});

/** Squared, by looking at all pixels; undefined: none is visible. */
function nearestDistance(alpha: Uint8Array, { width }: { width: number }, at: number): number | undefined {
  const distances = [...alpha.keys()].filter((other) => alpha[other] !== 0).map((other) => distance(width, at, other));
  return distances.length === 0 ? undefined : Math.min(...distances);
}

function distance(width: number, a: number, b: number): number {
  return ((a % width) - (b % width)) ** 2 + (Math.floor(a / width) - Math.floor(b / width)) ** 2;
}

describe("a resized alpha channel", () => {
  const alpha = Uint8Array.of(0, 0, 255, 255, 255, 0, 0);
  const doubled = [0, 0, 0, 64, 191, 255, 255, 255, 255, 191, 64, 0, 0, 0];

  it("is centred: an edge lies between the same pixels from both sides", () => {
    const row = resizedAlpha(alpha, { width: 7, height: 1 }, { width: 14, height: 1 });
    assert.deepEqual([...row], doubled);
    const column = resizedAlpha(alpha, { width: 1, height: 7 }, { width: 1, height: 14 });
    assert.deepEqual([...column], doubled);
  });

  it("is the same in the same size", () =>
    assert.deepEqual(resizedAlpha(alpha, { width: 7, height: 1 }, { width: 7, height: 1 }), alpha));

  it("differs from libvips' centred reduction to the old size by rounding only", async () => {
    const next = seededRandom(12);
    const [width, height] = [31, 17];
    // Smooth, as a reduction loses what is not.
    const smooth = Uint8Array.from(
      { length: width * height },
      (_, at) => 128 + 60 * Math.sin((at % width) / 5) + 60 * Math.cos(Math.floor(at / width) / 4) + next(),
    );
    const large = resizedAlpha(smooth, { width, height }, { width: width * 2, height: height * 2 });
    const back = await sharp(large, { raw: { width: width * 2, height: height * 2, channels: 1 } })
      .resize({ width, height, kernel: "linear" })
      .extractChannel(0)
      .raw()
      .toBuffer();
    const worst = Math.max(...back.map((value, at) => Math.abs(value - (smooth[at] ?? 0))));
    assert.ok(worst <= 8, `off by ${worst}`);
  });
});

describe("a transparent AVIF", () => {
  // Half transparent; with lossless coding, what is stored is exact.
  const stored = { r: 49, g: 99, b: 40, alpha: 128 / 255 };
  const avif = (): Promise<Buffer> =>
    sharp({ create: { width: 16, height: 16, channels: 4, background: stored } })
      .avif({ lossless: true, effort: 0 })
      .toBuffer();

  it("keeps the colours that it stores", async () => {
    assert.deepEqual(await pixelOf(await avif()), [49, 99, 40, 128]);
  });

  // libavif 0.11.1's avifdec agrees within a level on what its `avifenc --premultiply` writes.
  it("gets back the colours that it stores multiplied by alpha (HEIF, reference `prem`)", async () => {
    assert.deepEqual(await pixelOf(premultiplied(await avif())), [98, 197, 80, 128]);
  });
});

async function pixelOf(bytes: Buffer): Promise<(number | undefined)[]> {
  const { rgb, alpha } = await decodePicture(bytes);
  return [...rgb.subarray(0, 3), alpha?.[0]];
}

/** Adds the reference from the picture, item 1, to its alpha, item 2, at the end of `iref`, the last box before the pixels. */
function premultiplied(avif: Buffer): Buffer {
  const reference = Buffer.from([0, 0, 0, 14, ...Buffer.from("prem"), 0, 1, 0, 1, 0, 2]);
  const [meta, iloc, iref] = ["meta", "iloc", "iref"].map((type) => avif.indexOf(type));
  assert.ok(meta !== undefined && iloc !== undefined && iref !== undefined);
  const end = iref - 4 + avif.readUInt32BE(iref - 4);
  const grown = Buffer.concat([avif.subarray(0, end), reference, avif.subarray(end)]);
  // The lengths of the boxes, and where the pixels of the two items begin (`iloc` of version 0, as libvips writes it).
  for (const at of [meta - 4, iref - 4, iloc + 16, iloc + 34]) {
    grown.writeUInt32BE(grown.readUInt32BE(at) + reference.length, at);
  }
  return grown;
}
