import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import sharp, { type Sharp } from "sharp";
import { photograph } from "../testing/photographs.ts";
import type { HeaderReading } from "./header-reading.ts";
import { formatOfBytes, readPictureHeader } from "./picture-header.ts";

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "#8040c0" } });

const turned = (orientation: number) => picture(30, 20).withMetadata({ orientation });

function summary(reading: HeaderReading): string {
  if (reading.kind !== "picture") return `${reading.kind}: ${reading.message.replace(/: expected .*/, "")}`;
  const { format, width, height, orientation, frames, simpleJpeg } = reading.header;
  return [
    `${format} ${width}x${height}`,
    ...(orientation === 1 ? [] : [`orientation ${orientation}`]),
    ...(frames === null ? [] : [`${frames} frames`]),
    ...(simpleJpeg ? ["simple"] : []),
  ].join(", ");
}

describe("a picture's header", () => {
  const cases: readonly (readonly [name: string, bytes: () => Promise<Uint8Array>, expected: string])[] = [
    ["baseline JPEG", async () => picture(30, 20).jpeg().toBuffer(), "jpeg 30x20, simple"],
    ["progressive JPEG", async () => picture(30, 20).jpeg({ progressive: true }).toBuffer(), "jpeg 30x20, simple"],
    ["grey JPEG", async () => picture(30, 20).greyscale().jpeg().toBuffer(), "jpeg 30x20, simple"],
    ["CMYK JPEG", async () => picture(30, 20).toColourspace("cmyk").jpeg().toBuffer(), "jpeg 30x20"],
    ["JPEG upside down", async () => turned(3).jpeg().toBuffer(), "jpeg 30x20, orientation 3, simple"],
    ["JPEG on its side", async () => turned(6).jpeg().toBuffer(), "jpeg 20x30, orientation 6, simple"],
    ["PNG", async () => picture(30, 20).png().toBuffer(), "png 30x20"],
    ["lossy WebP", async () => picture(30, 20).webp().toBuffer(), "webp 30x20"],
    ["lossless WebP", async () => picture(30, 20).webp({ lossless: true }).toBuffer(), "webp 30x20"],
    // What Pillow 13.0 writes for a transparent pixel.
    [
      "WebP of one pixel",
      async () => Buffer.from("5249464614000000574542505650384c080000002f00000010888808", "hex"),
      "webp 1x1",
    ],
    ["WebP with alpha", async () => picture(30, 20).ensureAlpha(0.5).webp().toBuffer(), "webp 30x20"],
    ["PNG on its side", async () => turned(8).png().toBuffer(), "png 20x30, orientation 8"],
    ["WebP on its side", async () => turned(5).webp().toBuffer(), "webp 20x30, orientation 5"],
    ["animated WebP", async () => animation().webp().toBuffer(), "webp 30x20, 3 frames"],
    ["PNG without size", async () => sizeless(await picture(30, 20).png().toBuffer()), "damaged: the PNG is 0x20"],
    // libvips' words for it are "Input buffer has corrupt header:".
    [
      "PNG of 3 bits",
      async () => withByte(24, 3, await picture(30, 20).png().toBuffer()),
      "damaged: the PNG has colour type 2 with 3 bits, which PNG does not define",
    ],
    [
      "PNG from an iOS app",
      async () => withChunkFirst("CgBI", await picture(30, 20).png().toBuffer()),
      "damaged: the PNG begins with the chunk CgBI: Xcode made it for iOS apps, and only Apple's programs read it; send the original",
    ],
    ["GIF", async () => picture(3, 2).gif().toBuffer(), "unknown-format: the picture is a GIF"],
    ["AVIF", async () => picture(30, 20).avif({ effort: 0 }).toBuffer(), "avif 30x20"],
    ["AVIF on its side", async () => turned(6).avif({ effort: 0 }).toBuffer(), "avif 20x30"],
    [
      "AVIF with a general main brand",
      async () => branded("mif1", await picture(30, 20).avif({ effort: 0 }).toBuffer()),
      "avif 30x20",
    ],
    [
      "AVIF without boxes",
      async () => (await picture(30, 20).avif({ effort: 0 }).toBuffer()).subarray(0, 100),
      "damaged: the AVIF has no still picture",
    ],
    [
      "HEIC",
      async () => heic(),
      "unknown-format: the picture is HEIC, whose codec HEVC is not included because it is patented: convert it to JPEG or AVIF, or let the phone send JPEG (iPhone: Settings, Camera, Formats, Most Compatible; web page: <input type=file accept=image/jpeg>)",
    ],
    ["TIFF", async () => picture(3, 2).tiff().toBuffer(), "unknown-format: the picture is a TIFF"],
    [
      "SVG",
      async () => Buffer.from('<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>'),
      "unknown-format: the picture is an SVG",
    ],
    [
      "a page that begins with an SVG's comments and contains one",
      async () => Buffer.from(`${"<!---->".repeat(60)}<html><svg>`),
      'unknown-format: the body starts with "<!----><", as no picture does',
    ],
    [
      "MP4",
      async () => Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0isommp42"),
      'unknown-format: the body is a video or another file of the kind "mp42"',
    ],
    [
      "TGA, which begins like a cursor",
      async () => Buffer.from("00000200000000000000000060004000180000", "hex"),
      'unknown-format: the body starts with "\\u0000\\u0000\\u0002\\u0000\\u0000\\u0000\\u0000\\u0000", as no picture does',
    ],
    ["cursor", async () => Buffer.from("000002000100", "hex"), "unknown-format: the picture is an icon"],
    [
      "JPEG as Base64",
      async () => Buffer.from((await picture(3, 2).jpeg().toBuffer()).toString("base64")),
      "unknown-format: the body is Base64 text, not the bytes themselves",
    ],
    [
      "PNG as a data URL",
      async () => Buffer.from(`data:image/png;base64,${(await picture(3, 2).png().toBuffer()).toString("base64")}`),
      "unknown-format: the body is Base64 text, not the bytes themselves",
    ],
    [
      "compressed JPEG",
      async () => gzipSync(await picture(3, 2).jpeg().toBuffer()),
      "unknown-format: the body is compressed, and no Content-Encoding: gzip states so",
    ],
    ["text", async () => Buffer.from("hello"), 'unknown-format: the body starts with "hello", as no picture does'],
    [
      "zeros",
      async () => Buffer.alloc(3),
      'unknown-format: the body starts with "\\u0000\\u0000\\u0000", as no picture does',
    ],
    ["nothing", async () => Buffer.alloc(0), "unknown-format: the body is empty"],
    [
      "the first bytes of a JPEG",
      async () => photograph("flower").subarray(0, 100),
      "damaged: the JPEG ends before its image data",
    ],
    ["a JPEG of a thousand scans", async () => manyScans(), "damaged: the JPEG has more than 64 scans"],
  ];
  for (const [name, bytes, expected] of cases) {
    it(`of ${name} is read as ${expected}`, async () =>
      assert.equal(summary(readPictureHeader(await bytes())), expected));
  }

  it("is read within bounds, wherever the file ends and for any bytes", async () => {
    const files = [
      photograph("flower").subarray(0, 400),
      await picture(9, 9).png().toBuffer(),
      await picture(9, 9).webp().toBuffer(),
      await picture(9, 9).withMetadata({ orientation: 6 }).png().toBuffer(),
      await picture(9, 9).withMetadata({ orientation: 6 }).webp().toBuffer(),
      await picture(9, 9).withMetadata({ orientation: 7 }).avif({ effort: 0 }).toBuffer(),
    ];
    for (const file of files) {
      for (let end = 0; end < Math.min(file.length, 900); end++) {
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

  it("shows the format in its first twelve bytes", () => {
    assert.equal(formatOfBytes(photograph("china").subarray(0, 12)), "jpeg");
    assert.equal(formatOfBytes(new Uint8Array()), undefined);
  });

  it("has the orientation of the first Exif segment that has one", async () => {
    const exifOf = async (orientation: number) => {
      const jpeg = await turned(orientation).jpeg().toBuffer();
      const at = jpeg.indexOf(Buffer.of(0xff, 0xe1));
      return jpeg.subarray(at, at + 2 + jpeg.readUInt16BE(at + 2));
    };
    const jpeg = await picture(30, 20).jpeg().toBuffer();
    const withExif = (...segments: Buffer[]) => Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
    const [none, six, three] = await Promise.all([exifOf(1), exifOf(6), exifOf(3)]);
    none.writeUInt16LE(0x9999, none.indexOf(Buffer.of(0x12, 0x01)));
    assert.equal(summary(readPictureHeader(withExif(none, six, three))), "jpeg 20x30, orientation 6, simple");
    assert.equal(summary(readPictureHeader(withExif(none, none))), "jpeg 30x20, simple");
  });
});

/** Three frames. */
function animation(): Sharp {
  const frames = ["red", "blue", "lime"].map((background) => ({
    create: { width: 30, height: 20, channels: 3 as const, background },
  }));
  return sharp(frames as unknown as string[], { join: { animated: true } });
}

function branded(brand: string, avif: Buffer): Buffer {
  avif.write(brand, 8, "latin1");
  return avif;
}

/** The first box of a phone's picture (HEIF, section B.4.1). */
function heic(): Buffer {
  return Buffer.from("\0\0\0\x1cftypheic\0\0\0\0mif1heicmiaf", "latin1");
}

function withByte(at: number, value: number, file: Buffer): Buffer {
  const changed = Buffer.from(file);
  changed[at] = value;
  return changed;
}

/** A chunk of four bytes before IHDR. */
function withChunkFirst(type: string, png: Buffer): Buffer {
  const chunk = Buffer.from(`\0\0\0\x04${type}\0\0\0\0\0\0\0\0`, "latin1");
  return Buffer.concat([png.subarray(0, 8), chunk, png.subarray(8)]);
}

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
