/**
 * Cuts a picture into tiles that a model takes, and pads what is smaller by mirroring it. Pure.
 *
 *          ┌──────────┬───────── tile 1 ─┐
 *   ┌──────┼─ tile 0 ─┼──────┐           │      Neighbouring tiles overlap. Each keeps the half of the overlap that is its own:
 *   │      │   overlap│      │           │      what a pixel of the result depends on lies within its tile.
 *   │ kept 0     ◄────┼────► │  kept 1   │
 *
 * Strips of rows are tiles as wide as the picture; a picture that needs padding only is one tile.
 */
import type { Size } from "./picture.ts";

export interface Span {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
}

/** Along one side of the picture, in pixels. */
export interface Piece {
  /** What goes into the model; beyond the picture it is mirrored. */
  readonly input: Span;
  /** What the result is kept of; the kept spans of all pieces are the whole side. */
  readonly kept: Span;
}

export interface Tile {
  readonly x: Piece;
  readonly y: Piece;
}

/** Which sizes go into the model. */
export interface TileRules {
  /** The only size that the model takes. */
  readonly fixed: { readonly width: number | undefined; readonly height: number | undefined };
  /** Each side of a tile is a multiple of this. */
  readonly sizeMultiple: number;
  readonly smallestSide: number;
  /** Longer sides are cut; undefined: none is. */
  readonly tile: number | undefined;
  /** Pixels around a tile's kept part that go into the model with it. */
  readonly overlap: number;
  /** Pictures of more pixels go through the model in strips of about this many; undefined: they are not cut. */
  readonly stripPixels: number | undefined;
  /** Whether sizes are rounded up to few different ones. */
  readonly bucketed: boolean;
}

/** With fewer rows, the overlap of strips costs more than the cache saves. */
const fewestRows = 64;

/** Returns the tiles of a picture, row by row. All have the same size. */
export function tilesOf({ width, height }: Size, rules: TileRules): readonly Tile[] {
  const { sizeMultiple, overlap, fixed } = rules;
  const columns = pieces(width, sideOf(width, fixed.width, rules), overlap, sizeMultiple);
  const rows = pieces(height, rowsOf(width, height, rules), overlap, sizeMultiple);
  return rows.flatMap((y) => columns.map((x) => ({ x, y })));
}

/** Returns how many pixels each of a picture's tiles has, with what is added to the picture. */
export function pixelsPerTile([first]: readonly Tile[]): number {
  return (first?.x.input.to ?? 0) * (first?.y.input.to ?? 0);
}

/** Whether the picture itself goes into the model. */
export function isWhole(tiles: readonly Tile[], { width, height }: Size): boolean {
  return tiles.length === 1 && tiles[0]?.x.input.to === width && tiles[0].y.input.to === height;
}

function rowsOf(width: number, height: number, rules: TileRules): number {
  const { fixed, stripPixels, overlap } = rules;
  if (fixed.height !== undefined || stripPixels === undefined) return sideOf(height, fixed.height, rules);
  const rows = Math.max(fewestRows, Math.floor(stripPixels / width));
  const count = Math.ceil(height / rows);
  return sideOf(Math.ceil((height + 2 * overlap * (count - 1)) / count), undefined, rules);
}

/** Returns how long the side of a tile is for a side of a picture. */
function sideOf(length: number, fixed: number | undefined, rules: TileRules): number {
  if (fixed !== undefined) return fixed;
  const { sizeMultiple, smallestSide, tile = Number.POSITIVE_INFINITY, bucketed } = rules;
  const side = Math.max(Math.min(length, tile), smallestSide);
  return roundedUp(bucketed ? bucketOf(side) : side, sizeMultiple);
}

/** From 64 pixels on four sizes for each power of two, so that at most a fifth of a side is padding. */
export function bucketOf(side: number): number {
  const step = 2 ** Math.max(4, Math.floor(Math.log2(side)) - 2);
  return roundedUp(side, step);
}

/** Cuts a side into the fewest pieces of `size` that overlap; positions are multiples of what divides `size` and `multiple`. */
function pieces(length: number, size: number, overlap: number, multiple: number): readonly Piece[] {
  if (length <= size) return [{ input: { from: 0, to: size }, kept: { from: 0, to: length } }];
  const unit = greatestCommonDivisor(size, multiple);
  const padded = roundedUp(length, unit);
  // A tile that is hardly larger than its overlap would keep nothing.
  const margin = Math.min(roundedUp(overlap, unit), roundedDown(size / 4, unit));
  const count = Math.ceil((padded - 2 * margin) / (size - 2 * margin));
  const starts = Array.from({ length: count }, (_, index) =>
    roundedDown((index * (padded - size)) / (count - 1), unit),
  );
  const borders = starts.slice(1).map((start, index) => roundedDown((start + (starts[index] ?? 0) + size) / 2, unit));
  return starts.map((from, index) => ({
    input: { from, to: from + size },
    kept: { from: borders[index - 1] ?? 0, to: borders[index] ?? length },
  }));
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function roundedUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function roundedDown(value: number, multiple: number): number {
  return Math.floor(value / multiple) * multiple;
}
