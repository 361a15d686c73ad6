/**
 * Reads a picture's header without decoding: a small file can describe a huge picture, so its size must be known before
 * memory is allocated for it. Pure; reads within bounds whatever the bytes are.
 */
import { damaged, type HeaderReading, type PictureHeader } from "./header-reading.ts";
import { readJpegHeader } from "./jpeg-header.ts";

export function readPictureHeader(bytes: Uint8Array): HeaderReading {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength >= 3 && view.getUint16(0) === 0xffd8 && view.getUint8(2) === 0xff) return readJpegHeader(view);
  if (view.byteLength >= 8 && view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a) return png(view);
  if (view.byteLength >= 12 && view.getUint32(0) === riff && view.getUint32(8) === webpMark) return webp(view);
  return { kind: "unknown-format" };
}

/** PNG, third edition, section 11.2.1: IHDR comes first. */
function png(view: DataView): HeaderReading {
  if (view.byteLength < 33 || view.getUint32(12) !== 0x49484452) return damaged("the PNG has no IHDR chunk");
  return sized("png", view.getUint32(16), view.getUint32(20));
}

const riff = 0x52494646;
const webpMark = 0x57454250;

/** RFC 9649, sections 2.5 to 2.7. */
function webp(view: DataView): HeaderReading {
  if (view.byteLength < 30) return damaged("the WebP ends within its header");
  switch (view.getUint32(12)) {
    case 0x56503820:
      return sized("webp", view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff);
    case 0x5650384c: {
      const bits = view.getUint32(21, true);
      return sized("webp", (bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1);
    }
    case 0x56503858:
      return sized("webp", uint24(view, 24) + 1, uint24(view, 27) + 1);
    default:
      return damaged("the WebP has no image data");
  }
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}

function sized(format: "png" | "webp", width: number, height: number): HeaderReading {
  if (width === 0 || height === 0) return damaged(`the ${format} is ${width}x${height}`);
  return { kind: "picture", header: { format, width, height, simpleJpeg: false } };
}

/** Guesses the format from the first byte: enough to choose the same one for the response; checked fully later. */
export function likelyFormat(bytes: Uint8Array): PictureHeader["format"] | undefined {
  return ({ 0xff: "jpeg", 0x89: "png", 0x52: "webp" } as const)[bytes[0] ?? 0];
}
