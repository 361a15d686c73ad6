/**
 * Frames between the processor and a media process, over a pipe of their own: a fixed header, then I420. The processor does not trust
 * what a media process writes: a header that does not fit its frame is an error.
 */
import type { Duplex } from "node:stream";
import { frameBytes, type VideoFrame } from "../core/video-frame.ts";

export interface TimedFrame extends VideoFrame {
  /** Of 90 kHz, from the publisher's RTP packets. */
  readonly timestamp: number;
  /** Frames since the last one that were not sent. */
  readonly dropped: number;
}

export type PipeMessage =
  | { readonly kind: "frame"; readonly frame: TimedFrame }
  /** The processor has used the last frame. */
  | { readonly kind: "done" };

const headerBytes = 20;
const types = { frame: 1, done: 2 } as const;

export function writeMessage(pipe: Duplex, message: PipeMessage): void {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(types[message.kind], 0);
  if (message.kind === "done") return void pipe.write(header);
  const { width, height, timestamp, dropped, bytes } = message.frame;
  header.writeUInt16LE(width, 2);
  header.writeUInt16LE(height, 4);
  header.writeUInt32LE(timestamp, 8);
  header.writeUInt32LE(Math.min(dropped, 0xff_ff_ff_ff), 12);
  header.writeUInt32LE(bytes.byteLength, 16);
  pipe.cork();
  pipe.write(header);
  pipe.write(bytes);
  pipe.uncork();
}

/** Reads messages from chunks of any length. A frame's bytes are a buffer of their own, which can be transferred. */
export class MessageReader {
  readonly #mostBytes: number;
  readonly #onMessage: (message: PipeMessage) => void;
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #frame: TimedFrame | undefined;
  #bodyFilled = 0;

  constructor(mostPixels: number, onMessage: (message: PipeMessage) => void) {
    // Sides of odd length add less than half a row and column of colours.
    this.#mostBytes = mostPixels * 2;
    this.#onMessage = onMessage;
  }

  /** @throws {Error} if the chunk is not of the protocol */
  read(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      at += this.#frame === undefined ? this.#readHeader(chunk, at) : this.#readBody(this.#frame, chunk, at);
    }
  }

  #readHeader(chunk: Buffer, from: number): number {
    const used = chunk.copy(this.#header, this.#headerFilled, from, from + headerBytes - this.#headerFilled);
    this.#headerFilled += used;
    if (this.#headerFilled < headerBytes) return used;
    this.#headerFilled = 0;
    const type = this.#header.readUInt8(0);
    if (type === types.done) this.#onMessage({ kind: "done" });
    else if (type === types.frame) this.#frame = this.#emptyFrame();
    else throw new Error(`message of type ${type}`);
    return used;
  }

  #emptyFrame(): TimedFrame {
    const [width, height] = [this.#header.readUInt16LE(2), this.#header.readUInt16LE(4)];
    const length = this.#header.readUInt32LE(16);
    if (length !== frameBytes({ width, height }) || length === 0 || length > this.#mostBytes) {
      throw new Error(`frame of ${width}x${height} with ${length} bytes`);
    }
    const [timestamp, dropped] = [this.#header.readUInt32LE(8), this.#header.readUInt32LE(12)];
    return { width, height, timestamp, dropped, bytes: new Uint8Array(length) };
  }

  #readBody(frame: TimedFrame, chunk: Buffer, from: number): number {
    const part = chunk.subarray(from, from + frame.bytes.length - this.#bodyFilled);
    frame.bytes.set(part, this.#bodyFilled);
    this.#bodyFilled += part.length;
    if (this.#bodyFilled === frame.bytes.length) {
      this.#frame = undefined;
      this.#bodyFilled = 0;
      this.#onMessage({ kind: "frame", frame });
    }
    return part.length;
  }
}
