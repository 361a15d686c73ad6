/**
 * What can be shown of a damaged PNG: the rows that can be inflated, as browsers show them. libpng gives up before, because it
 * reads ahead, and returns nothing at all of an interlaced picture.
 */
import { Readable } from "node:stream";
import { createDeflate, createInflate } from "node:zlib";
import { chunk, chunksOf } from "./png-chunks.ts";

export interface RecoveredPng {
  /** Complete: what is missing is zero, which is black, or transparent with alpha. */
  readonly png: Buffer;
  /** The file ends early; otherwise its data is wrong somewhere. */
  readonly isTruncated: boolean;
}

/** Returns undefined if not even the first row is there. */
export async function recoverPng(png: Buffer): Promise<RecoveredPng | undefined> {
  const chunks = [...chunksOf(png, { cutOff: true })];
  const firstData = chunks.findIndex(({ type }) => type === "IDAT");
  const ihdr = chunks[0]?.content;
  if (firstData < 0 || ihdr === undefined || ihdr.length < 13) return undefined;
  const data = chunks.filter(({ type }) => type === "IDAT").map(({ content }) => content);
  const rows = new RepairedRows(rowsOf(ihdr));
  // Piece by piece: a few bytes may inflate to more than the container's memory. Each piece becomes a chunk: joined first, they would be
  // in memory three times.
  const deflated: Buffer[] = [];
  const deflate = createDeflate({ level: 1, chunkSize: pieceBytes });
  for await (const part of Readable.from(rows.of(data)).compose(deflate)) deflated.push(chunk("IDAT", part as Buffer));
  if (rows.found < rows.first) return undefined;
  const rebuilt = Buffer.concat([
    png.subarray(0, 8),
    ...chunks.slice(0, firstData).map(({ type, content }) => chunk(type, content)),
    ...deflated,
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return { png: rebuilt, isTruncated: !rows.isDamaged && rows.found < rows.total };
}

const lastFilter = 4;
const pieceBytes = 64 * 1024;

/** The bytes of all rows: those that can be inflated, then zeros. */
class RepairedRows {
  readonly total: number;
  /** Bytes of the first row. */
  readonly first: number;
  readonly #starts: Iterator<number>;
  /** Bytes that were inflated. */
  found = 0;
  /** The data is wrong somewhere, not only short. */
  isDamaged = false;

  constructor(rows: readonly Rows[]) {
    this.total = rows.reduce((sum, { count, bytes }) => sum + count * bytes, 0);
    this.first = rows[0]?.bytes ?? 0;
    this.#starts = startsOf(rows);
  }

  async *of(data: readonly Buffer[]): AsyncGenerator<Buffer> {
    const inflate = createInflate({ chunkSize: pieceBytes });
    for (const part of data) inflate.write(part);
    inflate.end();
    let start = this.#starts.next();
    try {
      for await (const inflated of inflate as AsyncIterable<Buffer>) {
        const part = inflated.subarray(0, this.total - this.found);
        // A filter that does not exist fails the whole picture if it is interlaced.
        for (; start.done !== true && start.value < this.found + part.length; start = this.#starts.next()) {
          const at = start.value - this.found;
          if ((part[at] ?? 0) > lastFilter) part[at] = 0;
        }
        this.found += part.length;
        yield part;
        if (this.found === this.total) return;
      }
    } catch (error) {
      // The end of the data, too, is an error.
      this.isDamaged = (error as NodeJS.ErrnoException).code !== "Z_BUF_ERROR";
    }
    const zeros = Buffer.alloc(pieceBytes);
    for (let left = this.total - this.found; left > 0; left -= pieceBytes) {
      yield zeros.subarray(0, Math.min(left, pieceBytes));
    }
  }
}

/** Where each row starts. */
function* startsOf(rows: readonly Rows[]): Generator<number> {
  let at = 0;
  for (const { count, bytes } of rows) for (let row = 0; row < count; row++, at += bytes) yield at;
}

/** Each pass of an interlaced picture (PNG, third edition, section 8.2): its first column and row, and its steps. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

const channelsOfType: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

interface Rows {
  readonly count: number;
  /** Of each row, with its filter's byte (section 7.2). */
  readonly bytes: number;
}

/** The rows of the picture, or of each pass. */
function rowsOf(ihdr: Buffer): readonly Rows[] {
  const [width, height] = [ihdr.readUInt32BE(0), ihdr.readUInt32BE(4)];
  const bitsPerPixel = (ihdr[8] ?? 8) * (channelsOfType[ihdr[9] ?? 0] ?? 1);
  const bytesOf = (columns: number) => 1 + Math.ceil((columns * bitsPerPixel) / 8);
  if (ihdr[12] !== 1) return [{ count: height, bytes: bytesOf(width) }];
  return passes
    .map(([x, y, right, down]) => ({ columns: Math.ceil((width - x) / right), count: Math.ceil((height - y) / down) }))
    .filter(({ columns, count }) => columns > 0 && count > 0)
    .map(({ columns, count }) => ({ count, bytes: bytesOf(columns) }));
}
