/**
 * The first frame of an animated PNG whose default picture is not part of the animation (PNG, third edition, section 4.9):
 * viewers show the default picture only if they do not know animations. Pure.
 */
import { chunk, chunksOf } from "./png-chunks.ts";

export interface FirstFrame {
  /** A PNG of the frame. */
  readonly png: Buffer;
  /** Where it lies on the canvas, whose rest is transparent. */
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Returns the first frame; null if it is the default picture, which every decoder returns, or cannot be shown. */
export function hiddenFirstFrame(png: Buffer): FirstFrame | null {
  const chunks = [...chunksOf(png)];
  const firstData = chunks.findIndex(({ type }) => type === "IDAT");
  const control = chunks.findIndex(({ type }) => type === "fcTL");
  if (firstData < 0 || control < firstData) return null;
  const { content } = chunks[control] ?? {};
  const ihdr = chunks[0]?.content;
  if (content === undefined || content.length < 26 || ihdr === undefined) return null;
  const rest = chunks.slice(control + 1);
  const end = rest.findIndex(({ type }) => type === "fcTL");
  // Each begins with its number in the sequence.
  const data = (end < 0 ? rest : rest.slice(0, end)).filter(({ type }) => type === "fdAT");
  const [width, height, left, top] = [4, 8, 12, 16].map((at) => content.readUInt32BE(at));
  if (width === undefined || height === undefined || left === undefined || top === undefined) return null;
  if (data.length === 0) return null;
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  const frame = Buffer.concat([
    png.subarray(0, 8),
    chunk("IHDR", Buffer.concat([size, ihdr.subarray(8)])),
    // Palette, transparency and colours hold for all frames.
    ...chunks
      .slice(1, firstData)
      .filter(({ type }) => type !== "acTL")
      .map(({ type, content: kept }) => chunk(type, kept)),
    chunk("IDAT", Buffer.concat(data.map(({ content: part }) => part.subarray(4)))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
  return { png: frame, left, top, width, height };
}
