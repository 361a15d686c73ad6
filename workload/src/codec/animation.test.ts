/** The first frame of animations, as browsers show them while they load. */
import assert from "node:assert/strict";
import { deflateSync } from "node:zlib";
import sharp from "sharp";
import { decodePicture } from "../testing/decode-picture.ts";
import { readPictureHeader } from "./picture-header.ts";
import { chunk as pngChunk } from "./png-chunks.ts";

const [width, height] = [8, 6];
type Colour = readonly [red: number, green: number, blue: number];
const [red, lime, blue]: readonly [Colour, Colour, Colour] = [
  [200, 10, 10],
  [10, 200, 10],
  [10, 10, 200],
];

const chunk = (type: string, ...content: Uint8Array[]) => pngChunk(type, Buffer.concat(content));

function numbers(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

const pixels = (colour: Colour, w = width, h = height) =>
  deflateSync(
    Buffer.from(Array.from({ length: h }, () => [0, ...Array.from({ length: w }, () => colour).flat()]).flat()),
  );

/** PNG, third edition, section 11.3.6.2. */
const control = (number: number, area: readonly [w: number, h: number, x: number, y: number]) =>
  chunk("fcTL", numbers(number, ...area), Buffer.from([0, 1, 0, 10, 0, 0]));

const apng = (...chunks: Buffer[]) =>
  Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", numbers(width, height), Buffer.from([8, 2, 0, 0, 0])),
    chunk("acTL", numbers(2, 0)),
    ...chunks,
    chunk("IEND"),
  ]);

const whole = [width, height, 0, 0] as const;

async function decoded(bytes: Buffer) {
  const { header, rgb, alpha } = await decodePicture(bytes);
  const at = (x: number, y: number) => [...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];
  return { frames: header.frames, alpha, at };
}

describe("of an animated PNG", () => {
  it("the default picture is the first frame if it is part of the animation", async () => {
    const bytes = apng(
      control(0, whole),
      chunk("IDAT", pixels(red)),
      control(1, whole),
      chunk("fdAT", numbers(2), pixels(lime)),
    );
    const { frames, at } = await decoded(bytes);
    assert.deepEqual([frames, at(0, 0)], [2, red]);
  });

  // PNG, third edition, section 4.9: otherwise only viewers that do not know animations show it.
  it("the default picture is skipped if it is not", async () => {
    const bytes = apng(
      chunk("IDAT", pixels(red)),
      control(0, whole),
      // The data of one frame may be in several chunks.
      chunk("fdAT", numbers(1), pixels(lime).subarray(0, 9)),
      chunk("fdAT", numbers(2), pixels(lime).subarray(9)),
      control(3, whole),
      chunk("fdAT", numbers(4), pixels(blue)),
    );
    assert.deepEqual((await decoded(bytes)).at(3, 3), lime);
  });

  it("a first frame that covers a part is put on a transparent canvas", async () => {
    const bytes = apng(
      chunk("IDAT", pixels(red)),
      control(0, [3, 2, 4, 1]),
      chunk("fdAT", numbers(1), pixels(lime, 3, 2)),
      control(2, whole),
      chunk("fdAT", numbers(3), pixels(blue)),
    );
    const { at, alpha } = await decoded(bytes);
    assert.deepEqual([at(4, 1), at(6, 2)], [lime, lime]);
    assert.deepEqual(
      [4 + width, 3 + width, 6 + 3 * width].map((index) => alpha?.[index]),
      [255, 0, 0],
    );
  });

  it("a first frame beyond the canvas is damaged", async () => {
    const bytes = apng(chunk("IDAT", pixels(red)), control(0, [8, 6, 1, 0]), chunk("fdAT", numbers(1), pixels(lime)));
    await assert.rejects(decoded(bytes), {
      kind: "undecodable",
      message: "PNG: the first frame lies beyond the canvas",
    });
  });

  it("without the data of its first frame, the default picture is decoded", async () => {
    assert.deepEqual((await decoded(apng(chunk("IDAT", pixels(red)), control(0, whole)))).at(3, 3), red);
  });
});

// PNG, third edition, section 11.3.6.1.
describe("a PNG whose acTL chunk is invalid", () => {
  const png = (...chunks: Buffer[]) =>
    Buffer.concat([
      Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
      chunk("IHDR", numbers(width, height), Buffer.from([8, 2, 0, 0, 0])),
      ...chunks,
      chunk("IEND"),
    ]);
  const cases: readonly (readonly [name: string, png: Buffer])[] = [
    ["it follows the pixels", png(chunk("IDAT", pixels(red)), chunk("acTL", numbers(2, 0)))],
    ["it declares 0 frames", png(chunk("acTL", numbers(0, 0)), chunk("IDAT", pixels(red)))],
  ];
  for (const [name, bytes] of cases) {
    it(`is a still: ${name}`, async () => {
      const { frames, at } = await decoded(bytes);
      assert.deepEqual([frames, at(0, 0)], [null, red]);
    });
  }
});

it("of an animated WebP the first frame is decoded", async () => {
  const frames = [red, lime, blue].map(([r, g, b]) => ({
    create: { width, height, channels: 3 as const, background: { r, g, b } },
  }));
  const bytes = await sharp(frames as unknown as string[], { join: { animated: true } })
    .webp({ lossless: true })
    .toBuffer();
  const { frames: count, at } = await decoded(bytes);
  assert.deepEqual([count, at(0, 0)], [3, red]);
});

it("of an animated AVIF the still is decoded", async () => {
  const still = await sharp({ create: { width, height, channels: 3, background: { r: 200, g: 10, b: 10 } } })
    .avif({ effort: 0 })
    .toBuffer();
  // AV1 Image File Format 1.1, section 7: the main brand of animations, and a track of 3 samples behind the still.
  still.write("avis", 8, "latin1");
  const box = (type: string, ...content: Buffer[]): Buffer => {
    const body = Buffer.concat(content);
    return Buffer.concat([numbers(body.length + 8), Buffer.from(type), body]);
  };
  const track = box("trak", box("mdia", box("minf", box("stbl", box("stsz", numbers(0, 0, 3, 9, 9, 9))))));
  const reading = readPictureHeader(Buffer.concat([still, box("moov", track)]));
  assert.equal(reading.kind === "picture" && reading.header.frames, 3);
  const { at } = await decoded(still);
  assert.ok(
    at(0, 0).every((value, channel) => Math.abs(value - (red[channel] ?? 0)) <= 6),
    String(at(0, 0)),
  );
});
