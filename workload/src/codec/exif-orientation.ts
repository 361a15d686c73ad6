/** The orientation that an Exif segment asks for (CIPA DC-008, tag 274): 1 to 8; undefined without one. Pure. */

const orientationTag = 274;
const exifMark = 0x45786966;

/** `segment` is the content of an APP1 segment. */
export function readExifOrientation(segment: DataView): number | undefined {
  if (segment.byteLength < 14 || segment.getUint32(0) !== exifMark || segment.getUint16(4) !== 0) return undefined;
  const tiff = new DataView(segment.buffer, segment.byteOffset + 6, segment.byteLength - 6);
  const littleEndian = tiff.getUint16(0) === 0x4949;
  const first = tiff.getUint32(4, littleEndian);
  if (first + 2 > tiff.byteLength) return undefined;
  const entries = tiff.getUint16(first, littleEndian);
  for (let index = 0; index < entries; index++) {
    const at = first + 2 + index * 12;
    if (at + 12 > tiff.byteLength) return undefined;
    if (tiff.getUint16(at, littleEndian) !== orientationTag) continue;
    const value = tiff.getUint16(at + 8, littleEndian);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}
