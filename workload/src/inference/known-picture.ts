/**
 * A picture for trial runs that looks like a photograph: smooth, with a different gradient in each channel, edges and fine
 * structure; away from black and white, so that a model that answers at the limits is noticed. Pure.
 */
import type { Size } from "../core/picture.ts";

export function knownPicture({ width, height }: Size): Buffer<ArrayBuffer> {
  const rgb = Buffer.allocUnsafeSlow(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [u, v] = [(x + 0.5) / width, (y + 0.5) / height];
      const object = (u - 0.6) ** 2 + (v - 0.4) ** 2 < 0.04 ? 40 : 0;
      const texture = 8 * Math.sin(x * 0.9) * Math.cos(y * 0.7);
      rgb.set(
        [56 + 120 * u + object + texture, 70 + 110 * v + texture, 180 - 60 * u - 60 * v - object + texture],
        (y * width + x) * 3,
      );
    }
  }
  return rgb;
}

export interface Resemblance {
  /** Share of bytes that are 0 or 255, where the known picture has none. */
  readonly saturated: number;
  /** Correlation of the means of corresponding cells, over all channels; 1: the same but for brightness and contrast. */
  readonly correlation: number;
  /** Mean difference of these means, in levels of 255. */
  readonly difference: number;
  /** Whether red and blue resemble each other's channel more than their own. */
  readonly swapped: boolean;
}

/** Cells per side: means over cells do not depend on the scale, nor on what the model does to details. */
const cells = 8;

/** How much `answer` looks like `picture`; both are interleaved RGB. */
export function resemblance(
  picture: Size & { readonly rgb: Uint8Array },
  answer: Size & { readonly rgb: Uint8Array },
): Resemblance {
  const expected = cellMeans(picture);
  const actual = cellMeans(answer);
  const limits = answer.rgb.reduce((count, byte) => count + (byte === 0 || byte === 255 ? 1 : 0), 0);
  const exchanged = actual.map((_, index) => actual[index - (index % 3) + 2 - (index % 3)] ?? 0);
  return {
    saturated: limits / answer.rgb.length,
    correlation: Math.max(correlation(expected, actual), correlation(expected, exchanged)),
    difference: Math.min(meanDifference(expected, actual), meanDifference(expected, exchanged)),
    swapped: meanDifference(expected, exchanged) < meanDifference(expected, actual),
  };
}

function cellMeans({ rgb, width, height }: Size & { readonly rgb: Uint8Array }): readonly number[] {
  const sums = new Float64Array(cells * cells * 3);
  const counts = new Float64Array(cells * cells * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((y * cells) / height) * cells + Math.floor((x * cells) / width);
      for (let channel = 0; channel < 3; channel++) {
        const at = cell * 3 + channel;
        sums[at] = (sums[at] ?? 0) + (rgb[(y * width + x) * 3 + channel] ?? 0);
        counts[at] = (counts[at] ?? 0) + 1;
      }
    }
  }
  return Array.from(sums, (sum, index) => sum / Math.max(1, counts[index] ?? 1));
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB] = [0, 0, 0];
  for (const [index, value] of a.entries()) {
    const [da, db] = [value - meanA, (b[index] ?? 0) - meanB];
    product += da * db;
    squaresA += da * da;
    squaresB += db * db;
  }
  return squaresA * squaresB === 0 ? 0 : product / Math.sqrt(squaresA * squaresB);
}

function meanDifference(a: readonly number[], b: readonly number[]): number {
  return mean(a.map((value, index) => Math.abs(value - (b[index] ?? 0))));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
