/** Copies tiles out of pictures and results into place. Pure. */
import type { Span, Tile } from "../core/tiles.ts";
import type { Size } from "../core/picture.ts";

/** Pictures of one size, one after another, interleaved. */
export interface Pictures extends Size {
  readonly pixels: Uint8Array;
  readonly count: number;
  /** Bytes of a pixel. */
  readonly channels: number;
}

export function tileSize({ x, y }: Tile): Size {
  return { width: x.input.to - x.input.from, height: y.input.to - y.input.from };
}

/** Writes the tile of each picture to `target`, one after another; what lies beyond a picture is mirrored. */
export function gather(target: Uint8Array, { pixels, count, width, height, channels }: Pictures, { x, y }: Tile): void {
  const columns = mirrored(x.input, width);
  const inside = Math.min(x.input.to, width) - x.input.from;
  let to = 0;
  for (let picture = 0; picture < count; picture++) {
    for (const row of mirrored(y.input, height)) {
      const begin = (picture * height + row) * width * channels;
      const from = begin + x.input.from * channels;
      target.set(pixels.subarray(from, from + inside * channels), to);
      to += inside * channels;
      for (const column of columns.subarray(inside)) {
        for (let channel = 0; channel < channels; channel++) {
          target[to++] = pixels[begin + column * channels + channel] ?? 0;
        }
      }
    }
  }
}

/** Copies what is kept of a tile's results to where it belongs in `result`; both are `scale` times as large. */
export function place(
  result: Pictures & { readonly pixels: Uint8Array },
  tile: Tile,
  answer: Pictures,
  scale: number,
): void {
  const columns = scaled(tile.x.kept, scale, result.width);
  const rows = scaled(tile.y.kept, scale, result.height);
  const left = Math.round(tile.x.input.from * scale);
  const top = Math.round(tile.y.input.from * scale);
  const { channels } = result;
  for (let picture = 0; picture < result.count; picture++) {
    for (let row = rows.from; row < rows.to; row++) {
      const from = ((picture * answer.height + row - top) * answer.width + columns.from - left) * channels;
      const to = ((picture * result.height + row) * result.width + columns.from) * channels;
      result.pixels.set(answer.pixels.subarray(from, from + (columns.to - columns.from) * channels), to);
    }
  }
}

/** The side of a picture's result, in pixels: at least one. */
export function scaledSide(length: number, scale: number): number {
  return Math.max(1, Math.round(length * scale));
}

/** The end of the picture may fall between two pixels of the result. */
function scaled({ from, to }: Span, scale: number, length: number): Span {
  return { from: Math.round(from * scale), to: Math.min(scaledSide(to, scale), length) };
}

/** The positions of a side of `length` pixels that a span reads: 0 1 2 3 2 1 0 1 … */
function mirrored({ from, to }: Span, length: number): Uint32Array {
  const period = Math.max(1, 2 * (length - 1));
  return Uint32Array.from({ length: to - from }, (_, index) => {
    const position = (from + index) % period;
    return position < length ? position : period - position;
  });
}
