/** VP8 in RTP (RFC 7741) and the header of its key frames (RFC 6386, section 9.1). Pure. */
import type { Size } from "../core/picture.ts";

export interface Vp8Payload {
  /** Whether a frame starts here. */
  readonly start: "yes" | "no";
  readonly bytes: Buffer;
}

/** Without the payload descriptor; undefined if it is cut off. */
export function vp8Payload(payload: Buffer): Vp8Payload | undefined {
  const [first = 0, extensions = 0] = payload;
  let at = 1;
  if (first & 0x80) {
    at = 2;
    // I: a picture ID of one or two bytes. L: one byte. T or K: one byte for both.
    if (extensions & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1;
    if (extensions & 0x40) at++;
    if (extensions & 0x30) at++;
  }
  if (at >= payload.length) return undefined;
  return { start: (first & 0x10) !== 0 && (first & 0x07) === 0 ? "yes" : "no", bytes: payload.subarray(at) };
}

export type Vp8Header = { readonly key: false } | { readonly key: true; readonly size: Size };

/** Undefined if the frame is cut off or no VP8. */
export function vp8Header(frame: Buffer): Vp8Header | undefined {
  const [tag = 1] = frame;
  if (frame.length < 3) return undefined;
  if (tag & 1) return { key: false };
  if (frame.length < 10 || frame.readUIntBE(3, 3) !== 0x9d_01_2a) return undefined;
  return { key: true, size: { width: frame.readUInt16LE(6) & 0x3f_ff, height: frame.readUInt16LE(8) & 0x3f_ff } };
}
