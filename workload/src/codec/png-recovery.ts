/**
 * What can be shown of a damaged PNG: the rows that can be inflated, as browsers show them. libpng gives up before, because it
 * reads ahead, and returns nothing at all of an interlaced picture.
 */
import { createInflate, deflateSync } from "node:zlib";
import { chunk, chunksOf } from "./apng.ts";

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
  const data = Buffer.concat(chunks.filter(({ type }) => type === "IDAT").map(({ content }) => content));
  const rows = rowsOf(ihdr);
  const total = rows.reduce((sum, { count, bytes }) => sum + count * bytes, 0);
  const { pixels, isDamaged } = await inflated(data, total);
  if (pixels.length < (rows[0]?.bytes ?? 0)) return undefined;
  const filled = Buffer.concat([pixels, Buffer.alloc(total - pixels.length)]);
  removeUnknownFilters(filled, rows);
  const rebuilt = Buffer.concat([
    png.subarray(0, 8),
    ...chunks.slice(0, firstData).map(({ type, content }) => chunk(type, content)),
    chunk("IDAT", deflateSync(filled, { level: 1 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return { png: rebuilt, isTruncated: !isDamaged && pixels.length < total };
}

/** Inflates up to `most` bytes, as far as the data is right. */
async function inflated(data: Buffer, most: number): Promise<{ readonly pixels: Buffer; readonly isDamaged: boolean }> {
  const inflate = createInflate();
  inflate.end(data);
  const parts: Buffer[] = [];
  let length = 0;
  let isDamaged = false;
  try {
    for await (const part of inflate as AsyncIterable<Buffer>) {
      parts.push(part.subarray(0, most - length));
      length += part.length;
      if (length >= most) break;
    }
  } catch (error) {
    // The end of the data, too, is an error.
    isDamaged = (error as NodeJS.ErrnoException).code !== "Z_BUF_ERROR";
  }
  return { pixels: Buffer.concat(parts), isDamaged };
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

const lastFilter = 4;

/** A filter that does not exist fails the whole picture if it is interlaced. */
function removeUnknownFilters(pixels: Buffer, rows: readonly Rows[]): void {
  let at = 0;
  for (const { count, bytes } of rows) {
    for (let row = 0; row < count; row++, at += bytes) if ((pixels[at] ?? 0) > lastFilter) pixels[at] = 0;
  }
}
