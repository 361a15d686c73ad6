import assert from "node:assert/strict";
import sharp from "sharp";
import { photograph } from "../testing/photographs.ts";
import type { HeaderReading } from "./header-reading.ts";
import { likelyFormat, readPictureHeader } from "./picture-header.ts";

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#8040c0" } });

function summary(reading: HeaderReading): string {
  if (reading.kind !== "picture") return reading.kind === "damaged" ? `damaged: ${reading.message}` : reading.kind;
  const { format, width, height, simpleJpeg } = reading.header;
  return `${format} ${width}x${height}${simpleJpeg ? " simple" : ""}`;
}

describe("a picture's header", () => {
  const cases: readonly {
    readonly name: string;
    readonly bytes: () => Promise<Uint8Array>;
    readonly expected: string;
  }[] = [
    { name: "baseline JPEG", bytes: async () => picture(30, 20).jpeg().toBuffer(), expected: "jpeg 30x20 simple" },
    {
      name: "progressive JPEG",
      bytes: async () => picture(30, 20).jpeg({ progressive: true }).toBuffer(),
      expected: "jpeg 30x20 simple",
    },
    {
      name: "grey JPEG",
      bytes: async () => picture(30, 20).greyscale().jpeg().toBuffer(),
      expected: "jpeg 30x20 simple",
    },
    {
      name: "CMYK JPEG",
      bytes: async () => picture(30, 20).toColourspace("cmyk").jpeg().toBuffer(),
      expected: "jpeg 30x20",
    },
    {
      name: "JPEG upside down",
      bytes: async () => picture(30, 20).withMetadata({ orientation: 3 }).jpeg().toBuffer(),
      expected: "jpeg 30x20",
    },
    {
      name: "JPEG on its side",
      bytes: async () => picture(30, 20).withMetadata({ orientation: 6 }).jpeg().toBuffer(),
      expected: "jpeg 20x30",
    },
    { name: "PNG", bytes: async () => picture(30, 20).png().toBuffer(), expected: "png 30x20" },
    { name: "lossy WebP", bytes: async () => picture(30, 20).webp().toBuffer(), expected: "webp 30x20" },
    {
      name: "lossless WebP",
      bytes: async () => picture(30, 20).webp({ lossless: true }).toBuffer(),
      expected: "webp 30x20",
    },
    {
      name: "WebP with alpha",
      bytes: async () => picture(30, 20).ensureAlpha(0.5).webp().toBuffer(),
      expected: "webp 30x20",
    },
    {
      name: "PNG without size",
      bytes: async () => sizeless(await picture(30, 20).png().toBuffer()),
      expected: "damaged: the png is 0x20",
    },
    { name: "GIF", bytes: async () => picture(3, 2).gif().toBuffer(), expected: "unknown-format" },
    { name: "text", bytes: async () => Buffer.from("hello"), expected: "unknown-format" },
    { name: "nothing", bytes: async () => Buffer.alloc(0), expected: "unknown-format" },
    {
      name: "the first bytes of a JPEG",
      bytes: async () => photograph("flower").subarray(0, 100),
      expected: "damaged: the JPEG ends before its image data",
    },
    {
      name: "a JPEG of a thousand scans",
      bytes: async () => manyScans(),
      expected: "damaged: the JPEG has more than 64 scans",
    },
  ];
  for (const { name, bytes, expected } of cases) {
    it(`of ${name} is read as ${expected}`, async () =>
      assert.equal(summary(readPictureHeader(await bytes())), expected));
  }

  it("is read within bounds, wherever the file ends and whatever its bytes are", async () => {
    const files = [
      photograph("flower").subarray(0, 400),
      await picture(9, 9).png().toBuffer(),
      await picture(9, 9).webp().toBuffer(),
    ];
    for (const file of files) {
      for (let end = 0; end < Math.min(file.length, 400); end++) {
        const cut = new Uint8Array(file.subarray(0, end));
        readPictureHeader(cut);
        for (const value of [0, 0xff]) {
          const changed = new Uint8Array(file);
          changed[end] = value;
          readPictureHeader(changed);
        }
      }
    }
  });

  it("indicates the likely format by its first byte", () => {
    assert.equal(likelyFormat(photograph("china")), "jpeg");
    assert.equal(likelyFormat(new Uint8Array()), undefined);
  });
});

function sizeless(png: Buffer): Buffer {
  png.writeUInt32BE(0, 16);
  return png;
}

/** The frame header of a progressive JPEG, followed by 1000 scan headers. */
async function manyScans(): Promise<Buffer> {
  const jpeg = await picture(30, 20).jpeg({ progressive: true }).toBuffer();
  const scan = jpeg.indexOf(Buffer.of(0xff, 0xda));
  const repeated = Array.from({ length: 1000 }, () => jpeg.subarray(scan, scan + 12));
  return Buffer.concat([jpeg.subarray(0, scan), ...repeated]);
}
