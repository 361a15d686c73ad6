/**
 * Reads a picture's header without decoding: a small file can describe a huge picture, so its size must be known before
 * memory is allocated for it. Pure; reads within bounds for any bytes.
 */
import type { PictureFormat } from "../core/picture.ts";
import { readAvifHeader } from "./avif-header.ts";
import type { HeaderReading } from "./header-reading.ts";
import { brandsOf } from "./heif-boxes.ts";
import { readJpegHeader } from "./jpeg-header.ts";
import { explainUnknown } from "./other-formats.ts";
import { readPngHeader } from "./png-header.ts";
import { readWebpHeader } from "./webp-header.ts";

const readers: Readonly<Record<PictureFormat, (view: DataView) => HeaderReading>> = {
  jpeg: readJpegHeader,
  png: readPngHeader,
  webp: readWebpHeader,
  avif: readAvifHeader,
};

export function readPictureHeader(bytes: Uint8Array): HeaderReading {
  const format = formatOfBytes(bytes);
  if (format === undefined) return explainUnknown(bytes);
  return readers[format](new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

/** The format by its first bytes; undefined: none that the processor reads. */
export function formatOfBytes(bytes: Uint8Array): PictureFormat | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength >= 3 && view.getUint16(0) === 0xffd8 && view.getUint8(2) === 0xff) return "jpeg";
  if (view.byteLength >= 8 && view.getUint32(0) === 0x89504e47 && view.getUint32(4) === 0x0d0a1a0a) return "png";
  if (view.byteLength >= 12 && view.getUint32(0) === riff && view.getUint32(8) === webpMark) return "webp";
  // HEIF's general brand `mif1` may come first.
  return brandsOf(view).some((brand) => brand === "avif" || brand === "avis") ? "avif" : undefined;
}

const riff = 0x52494646;
const webpMark = 0x57454250;
