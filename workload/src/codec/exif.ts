/** Reads the orientation from Exif metadata (CIPA DC-008), wherever a format keeps it. Pure; reads within bounds. */
import type { Orientation } from "./orientation.ts";

const orientationTag = 274;
const shortType = 3;

/** JPEG's prefix of the metadata; some programs write it into PNG and WebP, too. */
const prefix = { mark: 0x45786966, length: 6 };

/**
 * Returns the orientation of a block of Exif metadata, with or without the prefix `Exif\0\0`; undefined if it has none. As in
 * browsers, a value outside 1 to 8 leaves the picture as it is.
 */
export function exifOrientation(block: DataView): Orientation | undefined {
  const from = block.byteLength >= prefix.length && block.getUint32(0) === prefix.mark ? prefix.length : 0;
  const tiff = new DataView(block.buffer, block.byteOffset + from, block.byteLength - from);
  if (tiff.byteLength < 8) return undefined;
  const order = tiff.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return undefined;
  const littleEndian = order === 0x4949;
  const first = tiff.getUint32(4, littleEndian);
  if (first + 2 > tiff.byteLength) return undefined;
  const entries = tiff.getUint16(first, littleEndian);
  for (let index = 0; index < entries; index++) {
    const at = first + 2 + index * 12;
    if (at + 12 > tiff.byteLength) return undefined;
    if (tiff.getUint16(at, littleEndian) !== orientationTag) continue;
    if (tiff.getUint16(at + 2, littleEndian) !== shortType || tiff.getUint32(at + 4, littleEndian) !== 1) return 1;
    const value = tiff.getUint16(at + 8, littleEndian);
    return value >= 1 && value <= 8 ? (value as Orientation) : 1;
  }
  return undefined;
}
