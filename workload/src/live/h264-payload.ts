/**
 * H.264 in RTP (RFC 6184, packetization mode 1) and what is read of a frame before its decoder gets it (ITU-T H.264, sections 7.3.1 and
 * 7.3.2.1). Frames are Annex B: NAL units, each after a start code. Pure.
 */
import type { Size } from "../core/picture.ts";

export const nalTypes = { slice: 1, keySlice: 5, sps: 7, pps: 8, delimiter: 9, stapA: 24, fuA: 28 } as const;

const startCode = Buffer.from([0, 0, 0, 1]);

export interface H264Payload {
  readonly start: "unless-within" | "unknown";
  /** Annex B, or the continuation of a NAL unit. */
  readonly bytes: Buffer;
}

/** Undefined if the payload is cut off, or of a kind that mode 1 does not have. */
export function h264Payload(payload: Buffer): H264Payload | undefined {
  const [indicator = 0, header = 0] = payload;
  const type = indicator & 0x1f;
  if (type === nalTypes.stapA) return aggregated(payload);
  if (type !== nalTypes.fuA) {
    if (type === 0 || type > 23 || payload.length < 2) return undefined;
    return { start: startOf(type), bytes: Buffer.concat([startCode, payload]) };
  }
  if (payload.length < 3) return undefined;
  const fragment = payload.subarray(2);
  if ((header & 0x80) === 0) return { start: "unknown", bytes: fragment };
  const inner = header & 0x1f;
  const nalHeader = Buffer.from([(indicator & 0xe0) | inner]);
  return { start: startOf(inner), bytes: Buffer.concat([startCode, nalHeader, fragment]) };
}

function aggregated(payload: Buffer): H264Payload | undefined {
  const parts: Buffer[] = [];
  let start: H264Payload["start"] = "unknown";
  for (let at = 1; at < payload.length;) {
    if (at + 2 > payload.length) return undefined;
    const end = at + 2 + payload.readUInt16BE(at);
    const unit = payload.subarray(at + 2, end);
    if (end > payload.length || unit.length === 0) return undefined;
    if (parts.length === 0) start = startOf(nalType(unit));
    parts.push(startCode, unit);
    at = end;
  }
  return parts.length === 0 ? undefined : { start, bytes: Buffer.concat(parts) };
}

/** Only these come before them in a frame (section 7.4.1.2.3). */
function startOf(type: number): H264Payload["start"] {
  return type === nalTypes.sps || type === nalTypes.delimiter ? "unless-within" : "unknown";
}

/** The NAL units of Annex B, without start codes and the zeros before them. */
export function nalUnits(frame: Buffer): readonly Buffer[] {
  const units: Buffer[] = [];
  const mark = Buffer.from([0, 0, 1]);
  for (let at = frame.indexOf(mark); at >= 0;) {
    const next = frame.indexOf(mark, at + 3);
    let end = next < 0 ? frame.length : next;
    while (end > at + 3 && frame[end - 1] === 0) end--;
    if (end > at + 3) units.push(frame.subarray(at + 3, end));
    at = next;
  }
  return units;
}

/** Annex B of these NAL units. */
export function annexB(units: readonly Buffer[]): Buffer {
  return Buffer.concat(units.flatMap((unit) => [startCode, unit]));
}

export function nalType(unit: Buffer): number {
  return (unit[0] ?? 0) & 0x1f;
}

/** Whether a decoder can start with this frame of Annex B. Some clients send the parameter sets as a frame of their own. */
export function isH264KeyFrame(frame: Buffer): boolean {
  return nalUnits(frame).some((unit) => nalType(unit) === nalTypes.keySlice || nalType(unit) === nalTypes.sps);
}

/** Baseline, main and high: what has no more than 8 bits and colours of half the resolution. */
const profiles = { baseline: 66, main: 77, high: 100 } as const;
const knownProfiles: readonly number[] = Object.values(profiles);

/** The size in a sequence parameter set, in whole macroblocks; undefined if it is cut off, or of a profile that is not decoded. */
export function sizeInSps(unit: Buffer): Size | undefined {
  const [, profile = 0] = unit;
  if (!knownProfiles.includes(profile)) return undefined;
  const bits = new BitReader(unit.subarray(4));
  bits.unsigned(); // seq_parameter_set_id
  if (profile === profiles.high && !readsHighProfile(bits)) return undefined;
  bits.unsigned(); // log2_max_frame_num_minus4
  const order = bits.unsigned();
  if (order === 0) bits.unsigned();
  if (order === 1) {
    bits.take(1);
    bits.unsigned();
    bits.unsigned();
    const count = bits.unsigned();
    if (count > 255) return undefined;
    for (let index = 0; index < count; index++) bits.unsigned();
  }
  bits.unsigned(); // max_num_ref_frames
  bits.take(1);
  const [columns, rows] = [bits.unsigned() + 1, bits.unsigned() + 1];
  // Interlaced video has two fields to a frame.
  const fields = bits.take(1) === 1 ? 1 : 2;
  return bits.isPastEnd ? undefined : { width: columns * 16, height: rows * fields * 16 };
}

/** Whether it has 8 bits, colours of half the resolution, and no scaling lists, which live encoders do not send. */
function readsHighProfile(bits: BitReader): boolean {
  const chroma = bits.unsigned();
  const [lumaDepth, chromaDepth] = [bits.unsigned(), bits.unsigned()];
  bits.take(1);
  return chroma === 1 && lumaDepth === 0 && chromaDepth === 0 && bits.take(1) === 0;
}

/** Bits and Exp-Golomb numbers (section 9.1) of a NAL unit. */
class BitReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    // Without the bytes that prevent start codes (section 7.4.1.1): of the header at the front, which is all that is read.
    const plain: number[] = [];
    for (const [index, byte] of bytes.subarray(0, 1024).entries()) {
      if (byte === 3 && index >= 2 && bytes[index - 1] === 0 && bytes[index - 2] === 0) continue;
      plain.push(byte);
    }
    this.#bytes = Buffer.from(plain);
  }

  get isPastEnd(): boolean {
    return this.#at > this.#bytes.length * 8;
  }

  take(count: number): number {
    let value = 0;
    for (let bit = 0; bit < count; bit++, this.#at++) {
      value = value * 2 + (((this.#bytes[this.#at >> 3] ?? 0) >> (7 - (this.#at & 7))) & 1);
    }
    return value;
  }

  unsigned(): number {
    let zeros = 0;
    while (this.take(1) === 0 && !this.isPastEnd) zeros++;
    return zeros > 31 ? Number.POSITIVE_INFINITY : 2 ** zeros - 1 + this.take(zeros);
  }
}
