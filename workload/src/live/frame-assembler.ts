/**
 * Puts frames together from RTP packets that come out of order, twice or not at all. Pure: the caller passes the time.
 *
 * Padding packets, with which browsers probe the bandwidth, have a sequence number and no payload: they are skipped, but close a gap.
 */
import type { FrameStart, VideoFormat } from "./video-format.ts";

export interface Packet {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  /** Whether a frame ends here. */
  readonly marker: boolean;
  readonly payload: Buffer;
}

export interface AssembledFrame {
  /** Of 90 kHz. */
  readonly timestamp: number;
  readonly bytes: Buffer;
  /** Whether packets before it are missing: what it refers to may be, too. */
  readonly afterLoss: boolean;
}

/** How long a packet is waited for: a browser repeats it after a round trip. */
const waitMs = 150;
const mostWaiting = 512;

export class FrameAssembler {
  readonly #format: Pick<VideoFormat, "payload">;
  readonly #waiting = new Map<number, Packet>();
  #next: number | undefined;
  #gapSince: number | undefined;
  #parts: Buffer[] = [];
  #timestamp = 0;
  #lost = false;
  /** Whether the rest of a frame whose start is missing is skipped. */
  #skipping = true;
  /** Whether the packet before ended a frame. */
  #afterMarker = false;

  constructor(format: Pick<VideoFormat, "payload">) {
    this.#format = format;
  }

  /** Returns the frames that the packet completes. */
  push(packet: Packet, nowMs: number): readonly AssembledFrame[] {
    this.#next ??= packet.sequenceNumber;
    // Older than what has been used: a repetition.
    if (distance(this.#next, packet.sequenceNumber) < 0) return [];
    this.#waiting.set(packet.sequenceNumber, packet);
    const frames = this.#takeAll();
    if (this.#waiting.size === 0) {
      this.#gapSince = undefined;
      return frames;
    }
    this.#gapSince ??= nowMs;
    if (nowMs - this.#gapSince < waitMs && this.#waiting.size < mostWaiting) return frames;
    this.#skipGap();
    this.#gapSince = undefined;
    return [...frames, ...this.#takeAll()];
  }

  #takeAll(): AssembledFrame[] {
    const frames: AssembledFrame[] = [];
    for (let packet = this.#take(); packet !== undefined; packet = this.#take()) {
      this.#gapSince = undefined;
      const frame = this.#add(packet);
      if (frame !== undefined) frames.push(frame);
    }
    return frames;
  }

  #take(): Packet | undefined {
    const at = this.#next ?? 0;
    const packet = this.#waiting.get(at);
    if (packet === undefined) return undefined;
    this.#waiting.delete(at);
    this.#next = (at + 1) & 0xff_ff;
    return packet;
  }

  #skipGap(): void {
    const next = this.#next ?? 0;
    const nearest = [...this.#waiting.keys()].toSorted((a, b) => distance(next, a) - distance(next, b))[0];
    this.#next = nearest;
    this.#abandon();
  }

  #abandon(): void {
    this.#parts = [];
    this.#skipping = true;
    this.#lost = true;
    this.#afterMarker = false;
  }

  #add({ payload, timestamp, marker }: Packet): AssembledFrame | undefined {
    if (payload.length === 0) return undefined;
    const part = this.#format.payload(payload);
    const isWithin = this.#parts.length > 0;
    const hasNewTime = isWithin && timestamp !== this.#timestamp;
    const startsFrame = part !== undefined && this.#starts(part.start, isWithin && !hasNewTime);
    // Its last packet had no marker, or this one is damaged.
    const isIncomplete = hasNewTime || (isWithin && startsFrame);
    if (part === undefined || isIncomplete) this.#abandon();
    this.#afterMarker = marker;
    if (part === undefined) return undefined;
    if (startsFrame) this.#skipping = false;
    if (this.#skipping) return undefined;
    this.#timestamp = timestamp;
    this.#parts.push(part.bytes);
    if (!marker) return undefined;
    const frame = { timestamp, bytes: Buffer.concat(this.#parts), afterLoss: this.#lost };
    this.#parts = [];
    this.#lost = false;
    this.#skipping = true;
    return frame;
  }

  #starts(start: FrameStart, isWithin: boolean): boolean {
    switch (start) {
      case "yes":
        return true;
      case "no":
        return false;
      case "unless-within":
        return !isWithin;
      case "unknown":
        return !isWithin && (this.#afterMarker || this.#parts.length > 0);
    }
  }
}

/** From one sequence number to another, of 16 bits; negative if `to` comes before. */
function distance(from: number, to: number): number {
  return ((((to - from) & 0xff_ff) + 0x80_00) & 0xff_ff) - 0x80_00;
}
