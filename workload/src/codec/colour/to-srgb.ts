/** Converts pixels to sRGB, as browsers do it: by light, without a change of black or white, clipped to what sRGB holds. Pure. */
import { bt709, xyzOf, type ColourSpace, type Curve } from "./colour-space.ts";
import { inverse, multiply, type Matrix } from "./matrix.ts";

/** Fine enough for sRGB's darkest colours, whose curve is steepest: a fifth of a level of 255. */
const steps = 16_384;

/** The levels of 255, by light. */
const levels = Uint8Array.from({ length: steps + 1 }, (_, step) => Math.round(encoded(step / steps) * 255));

const fromXyz = inverse(xyzOf(bt709));
const identity: Matrix = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function encoded(light: number): number {
  return light <= 0.0031308 ? light * 12.92 : 1.055 * light ** (1 / 2.4) - 0.055;
}

/** Light of each value, of red, green and blue. */
type Tables = readonly [Float64Array, Float64Array, Float64Array];

export class SrgbConversion {
  /** Light of each value of 8 bits. */
  readonly #tables: Tables;
  readonly #matrix: Matrix;
  readonly #space: ColourSpace;

  constructor(space: ColourSpace) {
    this.#space = space;
    this.#matrix = space.toXyz === null ? identity : multiply(fromXyz, space.toXyz);
    this.#tables = tablesOf(space, 255);
  }

  /** Whether no value changes by more than a level: the profile is sRGB's, whatever its name. */
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
    this.#convert(rgb, rgb, this.#tables, 3);
  }

  /**
   * Converts pixels of 16 bits a value to 8 bits, and returns them in the same memory. They have 1 (grey), 2 (grey, alpha), 3 (RGB)
   * or 4 (with alpha) channels.
   */
  convert16(pixels: Uint16Array, channels: number): Uint8Array {
    const target = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
    // Each value is written behind those that are still to be read.
    this.#convert(pixels, target, tablesOf(this.#space, 65_535), channels);
    return target;
  }

  #convert(source: Uint8Array | Uint16Array, target: Uint8Array, tables: Tables, channels: number): void {
    const [reds, greens, blues] = tables;
    const [[rr, rg, rb], [gr, gg, gb], [br, bg, bb]] = this.#matrix;
    const isGrey = channels < 3;
    const [toGreen, toBlue] = isGrey ? [0, 0] : [1, 2];
    for (let at = 0; at + channels <= source.length; at += channels) {
      const red = reds[source[at] ?? 0] ?? 0;
      const green = greens[source[at + toGreen] ?? 0] ?? 0;
      const blue = blues[source[at + toBlue] ?? 0] ?? 0;
      // Before the colours: they may lie where alpha does.
      const alpha = source[at + channels - 1] ?? 0;
      target[at] = level(rr * red + rg * green + rb * blue);
      if (!isGrey) {
        target[at + 1] = level(gr * red + gg * green + gb * blue);
        target[at + 2] = level(br * red + bg * green + bb * blue);
      }
      if (channels % 2 === 0) target[at + channels - 1] = alpha >> 8;
    }
  }
}

function level(light: number): number {
  return levels[light <= 0 ? 0 : light >= 1 ? steps : (light * steps + 0.5) | 0] ?? 0;
}

function tablesOf({ curves }: ColourSpace, most: number): Tables {
  const table = (curve: Curve) => Float64Array.from({ length: most + 1 }, (_, value) => curve(value / most));
  const [red, green, blue] = curves;
  const first = table(red);
  return [first, green === undefined ? first : table(green), blue === undefined ? first : table(blue)];
}
