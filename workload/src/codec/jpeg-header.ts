/** Reads the markers of a JPEG up to its first scan (ITU-T T.81, annex B). Pure. */
import { damaged, type HeaderReading } from "./header-reading.ts";

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
  let orientation = 1;
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
    if (code === marker.app1) orientation = readExifOrientation(segment) ?? orientation;
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
  if (width === 0 || height === 0) return damaged(`the JPEG is ${width}x${height}`);
  const progressive = sof === marker.sof2;
  if (progressive && countScans(view, scansFrom) > mostScans)
    return damaged(`the JPEG has more than ${mostScans} scans`);
  const ordinary = sof === marker.sof0 || sof === marker.sof0 + 1 || progressive;
  // Adobe's transform 0 with three components is RGB, which turbo-jpeg would read as YCbCr.
  const colours = components === 1 || (components === 3 && adobeTransform !== 0);
  const isRotated = orientation >= 5;
  return {
    kind: "picture",
    header: {
      format: "jpeg",
      width: isRotated ? height : width,
      height: isRotated ? width : height,
      simpleJpeg: ordinary && precision === 8 && colours && orientation === 1,
    },
  };
}

interface JpegContext {
  readonly orientation: number;
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

const orientationTag = 274;
const exifMark = 0x45786966;

/** Reads the orientation, 1 to 8, from the content of an APP1 segment (CIPA DC-008, tag 274); undefined without one. */
function readExifOrientation(segment: DataView): number | undefined {
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
