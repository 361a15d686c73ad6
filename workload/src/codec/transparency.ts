/**
 * Keeps cut-outs clean. A model sees colours and no transparency: what is invisible, often black, would be mixed into the edge of
 * what is visible. Image programs premultiply colours by alpha before they mix them; here invisible pixels get the colour of the
 * nearest visible one before the model runs, and alpha is enlarged beside it. Pure.
 */
import type { Size } from "../core/picture.ts";

/** An 8-bit alpha channel, of the size of the picture. */
export type Alpha = Uint8Array;

/** Mixes each pixel with white, by its alpha. */
export function putOnWhite(rgb: Uint8Array, alpha: Alpha): void {
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const opacity = alpha[pixel] ?? 255;
    if (opacity === 255) continue;
    for (let at = pixel * 3; at < pixel * 3 + 3; at++) {
      rgb[at] = Math.round(((rgb[at] ?? 0) * opacity + 255 * (255 - opacity)) / 255);
    }
  }
}

/** Restores colours that are stored multiplied by alpha. */
export function unmultiply(rgb: Uint8Array, alpha: Alpha): void {
  for (let pixel = 0; pixel < alpha.length; pixel++) {
    const opacity = alpha[pixel] ?? 255;
    if (opacity === 255 || opacity === 0) continue;
    for (let at = pixel * 3; at < pixel * 3 + 3; at++) {
      rgb[at] = Math.min(255, Math.round(((rgb[at] ?? 0) * 255) / opacity));
    }
  }
}

/**
 * Gives pixels of alpha 0 the colour of the nearest visible pixel, in `rgb` itself. The distance is Euclidean, by A. Meijster's
 * algorithm (2000): along columns first, then each row is the lower envelope of the columns' parabolas.
 */
export function fillInvisible(rgb: Uint8Array, alpha: Alpha, { width, height }: Size): void {
  // Most pictures with an alpha channel are opaque.
  if (!alpha.includes(0)) return;
  const offsets = columnOffsets(alpha, width, height);
  const nearest = new Int32Array(width);
  const envelope = new Envelope(width, height);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    if (alpha.subarray(row, row + width).indexOf(0) < 0) continue;
    envelope.nearestColumns(offsets.subarray(row, row + width), nearest);
    for (let x = 0; x < width; x++) {
      const column = nearest[x] ?? -1;
      if (alpha[row + x] !== 0 || column < 0) continue;
      const from = (row + (offsets[row + column] ?? 0) * width + column) * 3;
      const to = (row + x) * 3;
      rgb[to] = rgb[from] ?? 0;
      rgb[to + 1] = rgb[from + 1] ?? 0;
      rgb[to + 2] = rgb[from + 2] ?? 0;
    }
  }
}

type Offsets = Int16Array | Int32Array;

/** How many rows below each pixel the nearest visible one of its column is; negative: above; `height`: it has none. */
function columnOffsets(alpha: Alpha, width: number, height: number): Offsets {
  const none = height;
  // Two bytes a pixel for all but the tallest: a large picture would take 100 MB more.
  const offsets: Offsets = height <= 0x7fff ? new Int16Array(width * height) : new Int32Array(width * height);
  for (let at = 0; at < offsets.length; at++) {
    const above = at < width ? none : (offsets[at - width] ?? none);
    offsets[at] = alpha[at] !== 0 ? 0 : above === none ? none : above - 1;
  }
  for (let at = offsets.length - width - 1; at >= 0; at--) {
    const below = offsets[at + width] ?? none;
    if (below !== none && below + 1 < Math.abs(offsets[at] ?? none)) offsets[at] = below + 1;
  }
  return offsets;
}

/** The columns whose visible pixels are nearest to some pixel of a row, from left to right, and from where on each is. */
class Envelope {
  readonly #columns: Int32Array;
  readonly #from: Int32Array;
  readonly #none: number;

  constructor(width: number, none: number) {
    this.#none = none;
    this.#columns = new Int32Array(width);
    this.#from = new Int32Array(width);
  }

  /** Writes for each pixel of a row the column of the visible pixel nearest to it; -1: there is none. */
  nearestColumns(offsets: Offsets, nearest: Int32Array): void {
    const [columns, from] = [this.#columns, this.#from];
    const width = offsets.length;
    let last = -1;
    for (let column = 0; column < width; column++) {
      const offset = offsets[column] ?? 0;
      if (offset === this.#none) continue;
      let start = 0;
      while (last >= 0) {
        const other = columns[last] ?? 0;
        const otherOffset = offsets[other] ?? 0;
        // From here on the column is nearer than the last one.
        const twice = column * column - other * other + offset * offset - otherOffset * otherOffset;
        start = Math.floor(twice / (2 * (column - other))) + 1;
        if (start > (from[last] ?? 0)) break;
        last--;
        start = 0;
      }
      if (start >= width) continue;
      last++;
      columns[last] = column;
      from[last] = Math.max(0, start);
    }
    for (let x = width - 1; x >= 0; x--) {
      while (last > 0 && (from[last] ?? 0) > x) last--;
      nearest[x] = last < 0 ? -1 : (columns[last] ?? -1);
    }
  }
}

/**
 * Returns alpha in another size: linear, around the pixels' centres, as models enlarge pictures. sharp's enlargements lie half a
 * pixel to the right and down (libvips#943, libvips#4841).
 */
export function resizedAlpha(alpha: Alpha, from: Size, to: Size): Alpha {
  const columns = taps(from.width, to.width);
  const rows = taps(from.height, to.height);
  const result = new Uint8Array(to.width * to.height);
  const mixed = new Uint16Array(from.width);
  for (let y = 0; y < to.height; y++) {
    const [above, below, weight] = [rows.first[y] ?? 0, rows.second[y] ?? 0, rows.weight[y] ?? 0];
    for (let x = 0; x < from.width; x++) {
      mixed[x] = (alpha[above * from.width + x] ?? 0) * (unit - weight) + (alpha[below * from.width + x] ?? 0) * weight;
    }
    for (let x = 0; x < to.width; x++) {
      const part = columns.weight[x] ?? 0;
      const sum = (mixed[columns.first[x] ?? 0] ?? 0) * (unit - part) + (mixed[columns.second[x] ?? 0] ?? 0) * part;
      result[y * to.width + x] = (sum + unit * (unit / 2)) / (unit * unit);
    }
  }
  return result;
}

/** Weights are parts of this. */
const unit = 256;

/** The two pixels of a side that each new pixel lies between, and the weight of the second. */
function taps(from: number, to: number) {
  const [first, second, weight] = [new Int32Array(to), new Int32Array(to), new Int32Array(to)];
  for (let index = 0; index < to; index++) {
    const place = Math.min(Math.max(((index + 0.5) * from) / to - 0.5, 0), from - 1);
    first[index] = Math.floor(place);
    second[index] = Math.min(Math.floor(place) + 1, from - 1);
    weight[index] = Math.round((place - Math.floor(place)) * unit);
  }
  return { first, second, weight };
}
