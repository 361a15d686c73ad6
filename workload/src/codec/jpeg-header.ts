/** Reads the markers of a JPEG up to its first scan (ITU-T T.81, annex B). Pure. */
import { exifOrientation } from "./exif.ts";
import { damaged, pictureOf, type HeaderReading } from "./header-reading.ts";
import type { Orientation } from "./orientation.ts";

/**
 * A progressive JPEG may have a scan per byte, each over the whole picture: a few kB that keep a decoder busy for
 * minutes. Encoders write about ten.
 */
const mostScans = 64;

const marker = {
  sof0: 0xc0,
  sof2: 0xc2,
  sof15: 0xcf,
  dht: 0xc4,
  jpg: 0xc8,
  dac: 0xcc,
  sos: 0xda,
  app1: 0xe1,
  app14: 0xee,
};

export function readJpegHeader(view: DataView): HeaderReading {
  let orientation: Orientation | undefined;
  let adobeTransform: number | undefined;
  let frame: { sof: number; precision: number; width: number; height: number; components: number } | undefined;

  for (let at = 2; at + 4 <= view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return damaged("the JPEG has bytes between its segments");
    const code = view.getUint8(at + 1);
    if (code === 0xff) {
      at += 1;
      continue;
    }
    const length = view.getUint16(at + 2);
    const end = at + 2 + length;
    if (length < 2 || end > view.byteLength) break;
    const segment = new DataView(view.buffer, view.byteOffset + at + 4, length - 2);
    if (code === marker.sos) {
      if (frame === undefined) return damaged("the JPEG has a scan before its frame header");
      return headerOf(frame, { orientation, adobeTransform, view, scansFrom: at });
    }
    // The first Exif segment that has one counts, as in browsers; XMP shares the marker.
    if (code === marker.app1 && isExif(segment)) orientation ??= exifOrientation(segment);
    if (code === marker.app14 && segment.byteLength >= 12) adobeTransform = segment.getUint8(11);
    if (isFrame(code)) {
      if (segment.byteLength < 6) return damaged("the JPEG's frame header is too short");
      frame = {
        sof: code,
        precision: segment.getUint8(0),
        height: segment.getUint16(1),
        width: segment.getUint16(3),
        components: segment.getUint8(5),
      };
    }
    at = end;
  }
  return damaged("the JPEG ends before its image data");
}

function isFrame(code: number): boolean {
  return code >= marker.sof0 && code <= marker.sof15 && ![marker.dht, marker.jpg, marker.dac].includes(code);
}

function headerOf(
  frame: { sof: number; precision: number; width: number; height: number; components: number },
  { orientation, adobeTransform, view, scansFrom }: JpegContext,
): HeaderReading {
  const { sof, precision, width, height, components } = frame;
  const progressive = sof === marker.sof2;
  if (progressive && countScans(view, scansFrom) > mostScans)
    return damaged(`the JPEG has more than ${mostScans} scans`);
  const ordinary = sof === marker.sof0 || sof === marker.sof0 + 1 || progressive;
  // Adobe's transform 0 with three components is RGB, which turbo-jpeg would read as YCbCr.
  const colours = components === 1 || (components === 3 && adobeTransform !== 0);
  return pictureOf("jpeg", { width, height }, { orientation, simpleJpeg: ordinary && precision === 8 && colours });
}

interface JpegContext {
  readonly orientation: Orientation | undefined;
  readonly adobeTransform: number | undefined;
  readonly view: DataView;
  readonly scansFrom: number;
}

function countScans(view: DataView, from: number): number {
  const bytes = Buffer.from(view.buffer, view.byteOffset, view.byteLength);
  const sos = Buffer.of(0xff, marker.sos);
  let count = 0;
  for (let at = bytes.indexOf(sos, from); at >= 0 && count <= mostScans; at = bytes.indexOf(sos, at + 2)) count++;
  return count;
}

function isExif(segment: DataView): boolean {
  return segment.byteLength >= 6 && segment.getUint32(0) === 0x45786966 && segment.getUint16(4) === 0;
}
