/**
 * Which frame of a session a result belongs to. The processor sends a result with the RTP timestamp of its frame, in the order of the
 * frames, and drops frames that a newer one has overtaken. Pure.
 */
import type { Outcome } from "../target/sample.ts";

/** Of a result, without what RTP needs otherwise. */
export interface ResultPacket {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  /** Whether the frame ends here. */
  readonly marker: boolean;
  readonly payload: Buffer;
}

export interface FrameSize {
  readonly width: number;
  readonly height: number;
}

type Settle = (outcome: Outcome) => void;

interface Sent {
  /** Undefined for an uncounted frame. */
  readonly settle: Settle | undefined;
  /** Of the result; null if any size is right. */
  readonly expected: FrameSize | null;
}

interface Arriving {
  readonly packets: Set<number>;
  first: number | undefined;
  last: number | undefined;
  bytes: number;
}

export class FramesInFlight {
  /** By timestamp, the oldest first. */
  readonly #sent = new Map<number, Sent>();
  readonly #arriving = new Map<number, Arriving>();
  #size: FrameSize | undefined;

  /** `settle` is called at most once. */
  sent(timestamp: number, expected: FrameSize | null, settle: Settle): void {
    this.#sent.set(timestamp, { settle, expected });
  }

  /** Adds an uncounted frame: its result only shows that older frames were dropped. */
  sentUncounted(timestamp: number): void {
    this.#sent.set(timestamp, { settle: undefined, expected: null });
  }

  /** Whether a frame that is counted is in flight. */
  get isWaiting(): boolean {
    return this.#sent.values().some(({ settle }) => settle !== undefined);
  }

  /** A result that comes now is ignored. */
  forget(timestamp: number): void {
    this.#sent.delete(timestamp);
    this.#arriving.delete(timestamp);
  }

  /** Settles all frames in flight, as the session has ended. */
  settleAll(outcome: Outcome): void {
    for (const { settle } of this.#sent.values()) settle?.(outcome);
    this.#sent.clear();
    this.#arriving.clear();
  }

  received({ sequenceNumber, timestamp, marker, payload }: ResultPacket): void {
    const sent = this.#sent.get(timestamp);
    // Without a payload it is padding, which browsers and servers send to probe the bandwidth.
    if (sent === undefined || payload.length === 0) return;
    const arriving = this.#arriving.get(timestamp) ?? {
      packets: new Set(),
      first: undefined,
      last: undefined,
      bytes: 0,
    };
    this.#arriving.set(timestamp, arriving);
    if (arriving.packets.has(sequenceNumber)) return;
    arriving.packets.add(sequenceNumber);
    const part = withoutDescriptor(payload);
    arriving.bytes += part.bytes.length;
    if (part.startsFrame) {
      arriving.first = sequenceNumber;
      this.#size = keyFrameSize(part.bytes) ?? this.#size;
    }
    if (marker) arriving.last = sequenceNumber;
    if (isWhole(arriving)) this.#settle(timestamp, sent, arriving.bytes);
  }

  #settle(timestamp: number, { settle, expected }: Sent, bytes: number): void {
    for (const [older, { settle: settleOlder }] of this.#sent) {
      if (older === timestamp) break;
      this.forget(older);
      settleOlder?.({ kind: "rejected" });
    }
    this.forget(timestamp);
    settle?.(judge(this.#size, expected, bytes));
  }
}

function judge(size: FrameSize | undefined, expected: FrameSize | null, bytes: number): Outcome {
  if (expected === null || (size?.width === expected.width && size.height === expected.height)) {
    return { kind: "accepted", bytes, stages: [] };
  }
  const found = size === undefined ? "unknown: no key frame came" : `${size.width}x${size.height}`;
  const message = `size of the frame is ${found}, expected ${expected.width}x${expected.height}`;
  return { kind: "failed", failure: { kind: "wrong-size", message } };
}

function isWhole({ packets, first, last }: Arriving): boolean {
  return first !== undefined && last !== undefined && packets.size === ((last - first) & 0xff_ff) + 1;
}

/** Of VP8 in RTP (RFC 7741, section 4.2): an octet, up to four more by its flags, then the part of the frame. */
function withoutDescriptor(payload: Buffer): { readonly startsFrame: boolean; readonly bytes: Buffer } {
  const [first = 0, flags = 0] = payload;
  let at = 1;
  if (first & 0x80) {
    at++;
    if (flags & 0x80) at += (payload[at] ?? 0) & 0x80 ? 2 : 1;
    if (flags & 0x40) at++;
    if (flags & 0x30) at++;
  }
  return { startsFrame: (first & 0x10) !== 0 && (first & 0x07) === 0, bytes: payload.subarray(at) };
}

/** Undefined for other frames (RFC 6386, section 9.1). */
function keyFrameSize(start: Buffer): FrameSize | undefined {
  if (start.length < 10 || ((start[0] ?? 1) & 1) !== 0) return undefined;
  return { width: start.readUInt16LE(6) & 0x3f_ff, height: start.readUInt16LE(8) & 0x3f_ff };
}
