/** PNGs and WebPs that are cut off or damaged: as in browsers, what came is shown. */
import assert from "node:assert/strict";
import sharp, { type Sharp } from "sharp";
import { pictureKinds, smallPicture } from "../abuse/pictures.ts";
import { decodePicture } from "../testing/decode-picture.ts";
import { photographFile } from "../testing/photographs.ts";
import { pngFile } from "../testing/png-file.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { decodeInto } from "./decode.ts";
import { readPictureHeader } from "./picture-header.ts";
import { completedWebp } from "./webp-recovery.ts";

const [width, height] = [320, 200];
const cut = () => sharp(photographFile("flower")).extract({ left: 100, top: 100, width, height });

async function decode(picture: Buffer): Promise<{ readonly pixels: Buffer; readonly warnings: readonly string[] }> {
  const { rgb: pixels, warnings } = await decodePicture(picture);
  return { pixels, warnings: warnings.map(({ kind }) => kind) };
}

const formats: Readonly<Record<string, (picture: Sharp) => Sharp>> = {
  PNG: (picture) => picture.png(),
  "PNG of 16 bits": (picture) => picture.toColourspace("rgb16").png(),
  "lossy WebP": (picture) => picture.webp(),
  "lossless WebP": (picture) => picture.webp({ lossless: true }),
  "WebP with alpha": (picture) => picture.ensureAlpha(0.5).webp(),
};

describe("a picture that is cut off", () => {
  for (const [name, encode] of Object.entries(formats)) {
    it(`keeps the rows that came as ${name}`, async () => {
      const whole = await encode(cut()).toBuffer();
      const { pixels: expected, warnings: none } = await decode(whole);
      assert.deepEqual(none, []);
      const { pixels, warnings } = await decode(Buffer.from(whole.subarray(0, Math.floor(whole.length * 0.6))));
      assert.deepEqual(warnings, ["truncated"]);
      const rows = width * 3 * Math.floor(height / 4);
      assert.deepEqual(pixels.subarray(0, rows), expected.subarray(0, rows));
    });

    it(`is decoded wherever it ends, but for its first bytes, as ${name}`, async () => {
      const whole = await encode(cut()).toBuffer();
      for (const missing of [1, 2, 5, 12, 13, 20, 100, Math.floor(whole.length / 2), Math.floor(whole.length * 0.8)]) {
        await decode(Buffer.from(whole.subarray(0, whole.length - missing)));
      }
    });
  }

  it("is filled up for its pixels as WebP, whatever length its damaged header states", async () => {
    const cutOff = (await cut().webp().toBuffer()).subarray(0, 2000);
    cutOff.writeUInt32LE(15 * 1024 * 1024, 16);
    const filled = completedWebp(cutOff, width * height);
    assert.equal(filled?.length, 2000 + width * height * 8 + 4096);
    const { warnings } = await decode(cutOff);
    assert.deepEqual(warnings, ["truncated"]);
  });

  it("keeps the passes that came of an interlaced PNG", async () => {
    const whole = await cut().png({ progressive: true }).toBuffer();
    const { pixels: expected } = await decode(whole);
    const { pixels, warnings } = await decode(whole.subarray(0, Math.floor(whole.length / 2)));
    assert.deepEqual(warnings, ["truncated"]);
    // The first pass has each eighth pixel of each eighth row.
    for (let x = 0; x < width; x += 8) {
      assert.deepEqual(pixels.subarray(x * 3, x * 3 + 3), expected.subarray(x * 3, x * 3 + 3));
    }
  });

  it("is refused with the reason if no row of a PNG came", async () => {
    const whole = await cut().png().toBuffer();
    const reason = new PipelineError("undecodable", "the PNG ends before its first row of pixels");
    await assert.rejects(decode(whole.subarray(0, whole.indexOf("IDAT") + 20)), reason);
  });
});

describe("a picture that ends within its first bytes", () => {
  for (const kind of pictureKinds) {
    it(`is decoded or refused with the reason, wherever it ends: ${kind}`, async () => {
      const whole = await smallPicture(kind);
      for (let length = 0; length < 120; length++) {
        const picture = Buffer.from(whole.subarray(0, length));
        const reading = readPictureHeader(picture);
        if (reading.kind !== "picture") continue;
        const { header } = reading;
        const target = Buffer.alloc(header.width * header.height * 3);
        await decodeInto(target, picture, header, false).catch((error: unknown) => {
          if (!(error instanceof PipelineError)) throw new Error(`of ${length} bytes`, { cause: error });
        });
      }
    });
  }
});

describe("a PNG with a palette that is cut off before it", () => {
  it("is not said to lack a palette", async () => {
    const whole = await cut().png({ palette: true }).toBuffer();
    const reason = new PipelineError("undecodable", "the PNG ends before its first row of pixels");
    await assert.rejects(decode(whole.subarray(0, whole.indexOf("PLTE") - 4)), reason);
  });
});

describe("a PNG that is damaged", () => {
  const damaged = async (interlaced: boolean, at: (png: Buffer) => number) => {
    const png = await cut().png({ progressive: interlaced }).toBuffer();
    png[at(png)] = (png[at(png)] ?? 0) ^ 0x55;
    return png;
  };
  for (const interlaced of [false, true]) {
    const name = interlaced ? "interlaced" : "row after row";
    it(`keeps all its pixels if a checksum is wrong, stored ${name}`, async () => {
      const { pixels } = await decode(await cut().png({ progressive: interlaced }).toBuffer());
      const wrong = await damaged(interlaced, (png) => png.length - 14);
      assert.deepEqual(await decode(wrong), { pixels, warnings: ["corrupt"] });
    });

    it(`is decoded as far as it is right, stored ${name}`, async () => {
      const { warnings } = await decode(await damaged(interlaced, (png) => Math.floor(png.length / 2)));
      assert.deepEqual(warnings, ["corrupt"]);
    });
  }
});

// libpng refuses these, and libvips says only "Input buffer has corrupt header:". What is wrong: PNG, third edition, sections 5.4 and 11.2.
describe("a PNG that no decoder reads", () => {
  const palette = (bytes: number) => ["PLTE", Buffer.alloc(bytes)] as const;
  const indexed = (...chunks: (readonly [string, Buffer])[]) => pngFile([0], { indexed: true, chunks });
  const rgb = (...chunks: (readonly [string, Buffer])[]) => pngFile([1, 2, 3], { chunks });
  const withByte = (at: number, value: number) => rgb().fill(value, at, at + 1);
  const undefinedMethod = (name: string) => `the PNG has ${name}, which PNG does not define`;
  const wrongPalette = (bytes: number) =>
    `the PNG's palette (PLTE chunk) has ${bytes} bytes: expected three for each of 1 to 256 colours`;
  const unknownChunk =
    "the PNG has a chunk ABCD, which is marked as critical and which PNG does not define: save the picture as an ordinary PNG";
  const noPalette =
    "the PNG's pixels are numbers of colours in a palette, and no palette (PLTE chunk) comes before them";
  const refused: readonly (readonly [name: string, png: Buffer, reason: string])[] = [
    ["an unknown critical chunk", rgb(["ABCD", Buffer.of(1)]), unknownChunk],
    ["an unknown critical chunk in an animation", rgb(["acTL", animationOf(1)], ["ABCD", Buffer.of(1)]), unknownChunk],
    [
      "a chunk whose type is not letters",
      rgb(["A\x01CD", Buffer.of(1)]),
      'the PNG has a chunk of type "A\\u0001CD", which is not four letters',
    ],
    ["no palette", indexed(), noPalette],
    [
      "a palette behind its pixels",
      Buffer.concat([indexed().subarray(0, -12), indexed(palette(6)).subarray(33)]),
      noPalette,
    ],
    ["an empty palette", indexed(palette(0)), wrongPalette(0)],
    ["a palette with a part of a colour", indexed(palette(5)), wrongPalette(5)],
    ["a palette of 257 colours", indexed(palette(771)), wrongPalette(771)],
    ["two palettes", indexed(palette(6), palette(6)), "the PNG has more than one palette (PLTE chunk)"],
    ["two headers", rgb(["IHDR", rgb().subarray(16, 29)]), "the PNG has more than one IHDR chunk"],
    ["an unknown compression", withByte(26, 1), undefinedMethod("compression method 1")],
    ["an unknown filter", withByte(27, 1), undefinedMethod("filter method 1")],
    ["an unknown interlacing", withByte(28, 2), undefinedMethod("interlace method 2")],
  ];
  for (const [name, png, reason] of refused) {
    it(`is refused with the reason: ${name}`, () =>
      assert.rejects(decode(png), new PipelineError("undecodable", reason)));
  }

  const shown: readonly (readonly [name: string, png: Buffer])[] = [
    ["an unknown ancillary chunk", rgb(["abCD", Buffer.of(1)])],
    ["an unknown critical chunk behind the pixels", behindPixels(rgb(), rgb(["ABCD", Buffer.of(1)]))],
    ["a palette with a wrong checksum", badChecksum(indexed(palette(6)))],
    ["a palette beside grey pixels", pngFile([7], { chunks: [palette(6)] })],
  ];
  for (const [name, png] of shown) it(`is processed in spite of ${name}`, () => decode(png));
});

/** The content of acTL. */
function animationOf(frames: number): Buffer {
  return Buffer.of(0, 0, 0, frames, 0, 0, 0, 0);
}

/** `png`, with the chunk of one byte that follows the header in `other` before its end. */
function behindPixels(png: Buffer, other: Buffer): Buffer {
  return Buffer.concat([png.subarray(0, -12), other.subarray(33, 46), png.subarray(-12)]);
}

/** Of the chunk PLTE with 6 bytes. */
function badChecksum(png: Buffer): Buffer {
  const at = png.indexOf("PLTE") + 10;
  return png.fill(0, at, at + 4);
}
