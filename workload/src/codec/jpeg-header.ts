/** Reads what a JPEG's segments describe. Pure. */
import { exifOrientation } from "./exif.ts";
import { damaged, pictureOf, type HeaderReading } from "./header-reading.ts";
import type { Orientation } from "./orientation.ts";
import { jpegSegments, marker, nextMarker, type JpegSegment } from "./jpeg-segments.ts";

/**
 * A progressive JPEG may have a scan per byte, each over the whole picture: a few kB that keep a decoder busy for
 * minutes. Encoders write about ten.
 */
const mostScans = 64;

interface Frame {
  readonly sof: number;
  readonly precision: number;
  readonly width: number;
  readonly height: number;
  readonly components: number;
  /** Blocks of 8x8 pixels in the first row of the picture, of all components. */
  readonly blocksPerRow: number;
}

export function readJpegHeader(view: DataView): HeaderReading {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  let orientation: Orientation | undefined;
  let frame: Frame | undefined;
  let scans = 0;
  let isEmpty = true;
  let end = bytes.length;
  const segments = jpegSegments(bytes);
  for (let next = segments.next(); ; next = segments.next()) {
    if (next.done === true) {
      end = next.value;
      break;
    }
    const { code } = next.value;
    // The first Exif segment that has one counts, as in browsers; XMP shares the marker.
    if (code === marker.app1 && isExif(next.value.content)) orientation ??= exifOrientation(next.value.content);
    if (isFrame(code)) {
      if (frame !== undefined) return damaged("the JPEG has two frame headers");
      frame = readFrame(code, next.value.content);
      if (frame === undefined) return damaged("the JPEG's frame header is too short");
    }
    if (code !== marker.sos) continue;
    if (frame === undefined) return damaged("the JPEG has a scan before its frame header");
    scans++;
    if (scans > mostScans) return damaged(`the JPEG has more than ${mostScans} scans`);
    if (scans === 1) isEmpty = hasNoPixels(bytes, next.value, frame);
    // The only scan: its data, most of the file, need not be searched.
    const { content } = next.value;
    if (frame.sof !== marker.sof2 && content.byteLength > 0 && content.getUint8(0) === frame.components) break;
  }
  if (frame === undefined || scans === 0) return damaged("the JPEG ends before its image data");
  return pictureOf("jpeg", frame, { orientation, simpleJpeg: isSimple(frame), end, isEmpty });
}

function isFrame(code: number): boolean {
  const others: readonly number[] = [marker.dht, marker.jpg, marker.dac];
  return code >= marker.sof0 && code <= marker.sof15 && !others.includes(code);
}

function readFrame(sof: number, content: DataView): Frame | undefined {
  if (content.byteLength < 6) return undefined;
  const components = content.getUint8(5);
  if (content.byteLength < 6 + components * 3) return undefined;
  const width = content.getUint16(3);
  const samplings = Array.from({ length: components }, (_, index) => content.getUint8(7 + index * 3));
  const widest = Math.max(1, ...samplings.map((sampling) => sampling >> 4));
  const blocks = samplings.reduce((sum, sampling) => sum + (sampling >> 4) * (sampling & 15), 0);
  return {
    sof,
    precision: content.getUint8(0),
    height: content.getUint16(1),
    width,
    components,
    blocksPerRow: Math.ceil(width / (widest * 8)) * blocks,
  };
}

/** Whether the first scan has not even a bit for each block of the first row, so that no pixel can be shown. */
function hasNoPixels(bytes: Buffer, { to, content }: JpegSegment, { sof, components, blocksPerRow }: Frame): boolean {
  // A scan of one component is a part of a picture that may begin with any of them.
  const isWhole = content.byteLength > 0 && content.getUint8(0) === components;
  const isHuffman = sof <= marker.sof2;
  const fewestBytes = isWhole && isHuffman ? Math.ceil(blocksPerRow / 8) : 1;
  return nextMarker(bytes.subarray(0, to + fewestBytes + 1), to) < to + fewestBytes;
}

function isSimple({ sof, precision, components }: Frame): boolean {
  const isOrdinary = sof === marker.sof0 || sof === marker.sof1 || sof === marker.sof2;
  return isOrdinary && precision === 8 && (components === 1 || components === 3);
}

function isExif(segment: DataView): boolean {
  return segment.byteLength >= 6 && segment.getUint32(0) === 0x45786966 && segment.getUint16(4) === 0;
}
