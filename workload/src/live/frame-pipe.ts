/**
 * Frames between the processor and a media process, over a pipe of their own: a fixed header, then I420 or the encoded frame. The
 * processor does not trust what a media process writes: a header that does not fit its frame is an error.
 */
import type { Duplex } from "node:stream";
import { frameBytes, type VideoFrame } from "../core/video-frame.ts";

export interface TimedFrame extends VideoFrame {
  /** Of 90 kHz, from the publisher's RTP packets. */
  readonly timestamp: number;
  /** Frames since the last one that were not sent. */
  readonly dropped: number;
}

export interface EncodedFrame {
  /** Which of the publisher's encodings it is of. */
  readonly encoding: number;
  /** Whether a decoder can start with it. */
  readonly key: boolean;
  readonly timestamp: number;
  readonly bytes: Uint8Array;
}

/** An RTP packet of audio, which passes as it came. */
export interface AudioPacket {
  readonly sequenceNumber: number;
  readonly timestamp: number;
  /** Whether speech starts after silence. */
  readonly marker: boolean;
  readonly bytes: Uint8Array;
}

/** `session`: which of those of the media process. */
export type PipeMessage = { readonly session: number } & (
  | { readonly kind: "frame"; readonly frame: TimedFrame }
  | { readonly kind: "encoded"; readonly encoded: EncodedFrame }
  | { readonly kind: "audio"; readonly audio: AudioPacket }
  /** The processor has used the last frame. */
  | { readonly kind: "done" }
);

const headerBytes = 20;
const types = { frame: 1, done: 2, encoded: 3, audio: 4 } as const;
/** Of any bit rate that is sent, with the key frame of the largest size. */
const mostEncodedBytes = 16 * 1024 * 1024;
/** Of a UDP packet. */
const mostAudioBytes = 65_535;

/** `onWritten`: the message is on its way. */
export function writeMessage(pipe: Duplex, message: PipeMessage, onWritten: () => void = () => undefined): void {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(types[message.kind], 0);
  header.writeUInt16LE(message.session, 6);
  switch (message.kind) {
    case "done":
      pipe.write(header, onWritten);
      return;
    case "frame": {
      const { width, height, timestamp, dropped, bytes } = message.frame;
      header.writeUInt16LE(width, 2);
      header.writeUInt16LE(height, 4);
      header.writeUInt32LE(timestamp, 8);
      header.writeUInt32LE(Math.min(dropped, 0xff_ff_ff_ff), 12);
      return writeBoth(pipe, header, bytes, onWritten);
    }
    case "encoded": {
      const { encoding, key, timestamp, bytes } = message.encoded;
      header.writeUInt8(key ? 1 : 0, 1);
      header.writeUInt16LE(encoding, 2);
      header.writeUInt32LE(timestamp, 8);
      return writeBoth(pipe, header, bytes, onWritten);
    }
    case "audio": {
      const { sequenceNumber, timestamp, marker, bytes } = message.audio;
      header.writeUInt8(marker ? 1 : 0, 1);
      header.writeUInt16LE(sequenceNumber, 2);
      header.writeUInt32LE(timestamp, 8);
      return writeBoth(pipe, header, bytes, onWritten);
    }
  }
}

function writeBoth(pipe: Duplex, header: Buffer, bytes: Uint8Array, onWritten: () => void): void {
  header.writeUInt32LE(bytes.byteLength, 16);
  pipe.cork();
  pipe.write(header);
  pipe.write(bytes, onWritten);
  pipe.uncork();
}

type Filling = { readonly bytes: Uint8Array<ArrayBuffer>; readonly message: PipeMessage };

/** Reads messages from chunks of any length. A frame's bytes are a buffer of their own, which can be transferred. */
export class MessageReader {
  readonly #mostBytes: number;
  readonly #onMessage: (message: PipeMessage) => void;
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #filling: Filling | undefined;
  #bodyFilled = 0;

  constructor(mostPixels: number, onMessage: (message: PipeMessage) => void) {
    // Sides of odd length add less than half a row and column of colours.
    this.#mostBytes = mostPixels * 2;
    this.#onMessage = onMessage;
  }

  /** @throws {Error} if the chunk is not of the protocol */
  read(chunk: Buffer): void {
    for (let at = 0; at < chunk.length;) {
      at += this.#filling === undefined ? this.#readHeader(chunk, at) : this.#readBody(this.#filling, chunk, at);
    }
  }

  #readHeader(chunk: Buffer, from: number): number {
    const used = chunk.copy(this.#header, this.#headerFilled, from, from + headerBytes - this.#headerFilled);
    this.#headerFilled += used;
    if (this.#headerFilled < headerBytes) return used;
    this.#headerFilled = 0;
    const [type, session] = [this.#header.readUInt8(0), this.#header.readUInt16LE(6)];
    if (type === types.done) this.#onMessage({ session, kind: "done" });
    else if (type === types.frame) this.#filling = this.#emptyFrame(session);
    else if (type === types.encoded) this.#filling = this.#emptyEncoded(session);
    else if (type === types.audio) this.#filling = this.#emptyAudio(session);
    else throw new Error(`message of type ${type}`);
    return used;
  }

  #emptyFrame(session: number): Filling {
    const [width, height] = [this.#header.readUInt16LE(2), this.#header.readUInt16LE(4)];
    const length = this.#header.readUInt32LE(16);
    if (length !== frameBytes({ width, height }) || length === 0 || length > this.#mostBytes) {
      throw new Error(`frame of ${width}x${height} with ${length} bytes`);
    }
    const [timestamp, dropped] = [this.#header.readUInt32LE(8), this.#header.readUInt32LE(12)];
    const bytes = new Uint8Array(length);
    return { bytes, message: { session, kind: "frame", frame: { width, height, timestamp, dropped, bytes } } };
  }

  #emptyEncoded(session: number): Filling {
    const bytes = new Uint8Array(this.#length("encoded frame", mostEncodedBytes));
    const [key, encoding] = [this.#header.readUInt8(1) === 1, this.#header.readUInt16LE(2)];
    const timestamp = this.#header.readUInt32LE(8);
    return { bytes, message: { session, kind: "encoded", encoded: { encoding, key, timestamp, bytes } } };
  }

  #emptyAudio(session: number): Filling {
    const bytes = new Uint8Array(this.#length("audio packet", mostAudioBytes));
    const [marker, sequenceNumber] = [this.#header.readUInt8(1) === 1, this.#header.readUInt16LE(2)];
    const timestamp = this.#header.readUInt32LE(8);
    return { bytes, message: { session, kind: "audio", audio: { sequenceNumber, timestamp, marker, bytes } } };
  }

  #length(what: string, most: number): number {
    const length = this.#header.readUInt32LE(16);
    if (length === 0 || length > most) throw new Error(`${what} with ${length} bytes`);
    return length;
  }

  #readBody({ bytes, message }: Filling, chunk: Buffer, from: number): number {
    const part = chunk.subarray(from, from + bytes.length - this.#bodyFilled);
    bytes.set(part, this.#bodyFilled);
    this.#bodyFilled += part.length;
    if (this.#bodyFilled === bytes.length) {
      this.#filling = undefined;
      this.#bodyFilled = 0;
      this.#onMessage(message);
    }
    return part.length;
  }
}
