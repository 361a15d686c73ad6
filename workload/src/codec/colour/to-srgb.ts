/** Converts pixels to sRGB, as browsers do it: by light, without a change of black or white, clipped to what sRGB holds. Pure. */
import { bt709, xyzOf, type ColourSpace, type Curve } from "./colour-space.ts";
import { diagonal, inverse, multiply, type Matrix, type Vector } from "./matrix.ts";

/** Fine enough for sRGB's darkest colours, whose curve is steepest: a fifth of a level of 255. */
const steps = 16_384;

const fromXyz = inverse(xyzOf(bt709));
const identity: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function encoded(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}

/** The levels of 255 by steps of light, from `below` steps under black to `above`: sRGB holds none under 0 and over 1. */
function levelsOf(below: number, above: number): Uint8Array {
  return Uint8Array.from({ length: below + above + 2 }, (_, index) => {
    const light = Math.min(1, Math.max(0, (index - below) / steps));
    return Math.round(encoded(light) * 255);
  });
}

/** Light of each value, of red, green and blue. */
type Tables = readonly [Float64Array, Float64Array, Float64Array];

export class SrgbConversion {
  readonly #space: ColourSpace;
  /** To steps of light above the lowest one. */
  readonly #matrix: Matrix;
  readonly #offset: number;
  readonly #levels: Uint8Array;
  readonly #tables: Tables;

  constructor(space: ColourSpace) {
    this.#space = space;
    const matrix = space.toXyz === null ? identity : multiply(fromXyz, space.toXyz);
    const sums = matrix.map((row) => [sum(row, Math.min), sum(row, Math.max)] as const);
    const [low, high] = [Math.min(0, ...sums.map(([least]) => least)), Math.max(1, ...sums.map(([, most]) => most))];
    // A lookup for each value instead of two comparisons: twice as fast.
    const below = Math.ceil(-Math.max(low, -widest) * steps);
    this.#levels = levelsOf(below, Math.ceil(Math.min(high, widest) * steps));
    this.#offset = below + 0.5;
    this.#matrix = multiply(diagonal([steps, steps, steps]), matrix);
    this.#tables = tablesOf(space, 255);
  }

  /** Whether no value changes by more than a level: the profile is sRGB's under any name. */
  get changesNothing(): boolean {
    const ramp = Array.from({ length: 256 }, (_, value) => value);
    // The hues at which other primaries differ most, and all greys.
    const colours = [
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
      [255, 255, 0],
      [0, 255, 255],
      [255, 0, 255],
      [200, 60, 40],
      [40, 200, 60],
      [60, 40, 200],
    ];
    const pixels = Uint8Array.from([...ramp.flatMap((value) => [value, value, value]), ...colours.flat()]);
    const converted = Uint8Array.from(pixels);
    this.convert(converted);
    return converted.every((value, at) => Math.abs(value - (pixels[at] ?? 0)) <= 1);
  }

  /** Converts RGB, three bytes a pixel, in place. */
  convert(rgb: Uint8Array): void {
    const [reds, greens, blues] = this.#tables;
    const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = this.#matrix;
    const [offset, levels] = [this.#offset, this.#levels];
    for (let at = 0; at + 2 < rgb.length; at += 3) {
      const red = reds[rgb[at] ?? 0] ?? 0;
      const green = greens[rgb[at + 1] ?? 0] ?? 0;
      const blue = blues[rgb[at + 2] ?? 0] ?? 0;
      rgb[at] = levels[(rr * red + rg * green + rb * blue + offset) | 0] ?? 0;
      rgb[at + 1] = levels[(gr * red + gg * green + gb * blue + offset) | 0] ?? 0;
      rgb[at + 2] = levels[(br * red + bg * green + bb * blue + offset) | 0] ?? 0;
    }
  }

  /**
   * Converts pixels of 16 bits a value to 8 bits, and returns them in the same memory. They have 1 (grey), 2 (grey, alpha), 3 (RGB)
   * or 4 (with alpha) channels.
   */
  convert16(pixels: Uint16Array, channels: number): Uint8Array {
    // Each value is written behind those that are still to be read.
    const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
    const [reds, greens, blues] = tablesOf(this.#space, 65_535);
    const [offset, levels] = [this.#offset, this.#levels];
    const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = this.#matrix;
    const isGrey = channels < 3;
    const [toGreen, toBlue] = isGrey ? [0, 0] : [1, 2];
    for (let at = 0; at + channels <= pixels.length; at += channels) {
      const red = reds[pixels[at] ?? 0] ?? 0;
      const green = greens[pixels[at + toGreen] ?? 0] ?? 0;
      const blue = blues[pixels[at + toBlue] ?? 0] ?? 0;
      // Before the colours, which may be written over it.
      const alpha = pixels[at + channels - 1] ?? 0;
      target[at] = levels[(rr * red + rg * green + rb * blue + offset) | 0] ?? 0;
      if (!isGrey) {
        target[at + 1] = levels[(gr * red + gg * green + gb * blue + offset) | 0] ?? 0;
        target[at + 2] = levels[(br * red + bg * green + bb * blue + offset) | 0] ?? 0;
      }
      if (channels % 2 === 0) target[at + channels - 1] = alpha >> 8;
    }
    return target;
  }
}

/** Colours that no screen has, of a profile that makes no sense, need no more. */
const widest = 16;

function sum(row: Vector, choose: (a: number, b: number) => number): number {
  return row.reduce((total, value) => total + choose(0, value), 0);
}

function tablesOf({ curves }: ColourSpace, most: number): Tables {
  const table = (curve: Curve) =>
    Float64Array.from({ length: most + 1 }, (_, value) => Math.min(1, Math.max(0, curve(value / most))));
  const [red, green, blue] = curves;
  const first = table(red);
  return [first, green === undefined ? first : table(green), blue === undefined ? first : table(blue)];
}
