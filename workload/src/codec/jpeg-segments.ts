/** The marker segments of a JPEG, in order (ITU-T T.81, annex B). Pure. */

export const marker = {
  tem: 0x01,
  sof0: 0xc0,
  sof1: 0xc1,
  sof2: 0xc2,
  dht: 0xc4,
  jpg: 0xc8,
  dac: 0xcc,
  sof15: 0xcf,
  rst0: 0xd0,
  rst7: 0xd7,
  soi: 0xd8,
  eoi: 0xd9,
  sos: 0xda,
  app1: 0xe1,
  app2: 0xe2,
  fill: 0xff,
} as const;

export class JpegSegment {
  readonly code: number;
  /** Where its marker begins. */
  readonly from: number;
  /** Where it ends; for a scan, where its header ends and its entropy-coded data begins. */
  readonly to: number;
  readonly #jpeg: Buffer;

  constructor(jpeg: Buffer, code: number, from: number, to: number) {
    this.#jpeg = jpeg;
    this.code = code;
    this.from = from;
    this.to = to;
  }

  /** Without marker and length. On demand: a view costs more than all else that is done for most segments. */
  get content(): DataView {
    const at = this.from + 4;
    return new DataView(this.#jpeg.buffer, this.#jpeg.byteOffset + at, this.to - at);
  }
}

/**
 * Yields the segments that lie in the file as a whole, up to the end marker. Bytes between segments are skipped, and so is
 * the data of scans, as libjpeg does it. Returns the end of the picture: behind the end marker, or else where the file or
 * its last whole segment ends.
 */
export function* jpegSegments(bytes: Buffer): Generator<JpegSegment, number> {
  // Behind SOI.
  let at = 2;
  for (;;) {
    const from = nextMarker(bytes, at);
    const code = bytes[from + 1];
    if (code === undefined) return bytes.length;
    at = from + 2;
    if (code === marker.eoi) return at;
    // They stand alone.
    if (code === marker.tem || code === marker.soi) continue;
    const to = at + 2 <= bytes.length ? at + bytes.readUInt16BE(at) : bytes.length + 1;
    if (to < at + 2 || to > bytes.length) return from;
    yield new JpegSegment(bytes, code, from, to);
    at = to;
  }
}

/** Returns where the next marker begins that is not a part of a scan's data, or the file's length. */
export function nextMarker(bytes: Buffer, from: number): number {
  for (let at = bytes.indexOf(0xff, from); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const code = bytes[at + 1] ?? marker.fill;
    // FF 00 is a byte of data, restarts lie within a scan, and any number of FF may precede a marker.
    if (code !== 0x00 && code !== marker.fill && !(code >= marker.rst0 && code <= marker.rst7)) return at;
  }
  return bytes.length;
}
