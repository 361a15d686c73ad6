/** The chunks of a PNG (PNG, third edition, section 5.3). Pure. */
import { crc32 } from "node:zlib";

export interface Chunk {
  readonly type: string;
  /** What the file has of it. */
  readonly content: Buffer;
  /** As declared, in bytes. */
  readonly length: number;
}

/** The chunks of a PNG; a last one that is cut off only on demand. */
export function* chunksOf(png: Buffer, { cutOff = false } = {}): Generator<Chunk> {
  for (let at = 8; at + 8 <= png.length;) {
    const length = png.readUInt32BE(at);
    if (at + 12 + length > png.length && !cutOff) return;
    yield { type: png.toString("latin1", at + 4, at + 8), content: png.subarray(at + 8, at + 8 + length), length };
    at += 12 + length;
  }
}

/** Returns a chunk as it is written, with length and checksum. */
export function chunk(type: string, content: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), content]);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(content.length);
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(body));
  return Buffer.concat([head, body, tail]);
}
