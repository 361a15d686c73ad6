/** PNGs of one colour with any chunks and depths, which sharp cannot write. */
import { deflateSync } from "node:zlib";
import { chunk } from "../codec/png-chunks.ts";

interface PngOptions {
  readonly bits?: 8 | 16;
  /** The one value is the number of a colour in a palette (chunk PLTE). */
  readonly indexed?: boolean;
  /** Before the pixels, in this order. */
  readonly chunks?: readonly (readonly [type: string, content: Buffer])[];
}

/** 8x8 pixels of the colour, 0 to 255: one value for grey, three for RGB. With 16 bits, each value is repeated. */
export function pngFile(
  colour: readonly number[],
  { bits = 8, indexed = false, chunks = [] }: PngOptions = {},
): Buffer {
  const pixel = colour.flatMap((value) => (bits === 16 ? [value, value] : [value]));
  const row = [0, ...Array.from({ length: 8 }, () => pixel).flat()];
  const rows = Buffer.from(Array.from({ length: 8 }, () => row).flat());
  const colourType = indexed ? 3 : colour.length === 1 ? 0 : 2;
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, bits, colourType, 0, 0, 0])),
    ...chunks.map(([type, content]) => chunk(type, content)),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The content of a chunk iCCP. */
export function profileChunk(profile: Buffer): Buffer {
  return Buffer.concat([Buffer.from("x\0\0"), deflateSync(profile)]);
}
