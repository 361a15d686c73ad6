/** What the numbers of a picture mean: how much light each value stands for, and which red, green and blue it mixes. Pure. */
import { apply, diagonal, inverse, multiply, transposed, type Matrix, type Vector } from "./matrix.ts";

/** Turns a value of 0 to 1 into light, 0 to 1. */
export type Curve = (value: number) => number;

export interface ColourSpace {
  /** One for all channels, of grey too, or one each for red, green and blue. */
  readonly curves: readonly [Curve] | readonly [Curve, Curve, Curve];
  /** From light in red, green and blue to XYZ under D50, the common space of ICC profiles; null: grey. */
  readonly toXyz: Matrix | null;
}

/** How a file describes its colours. */
export type ColourDescription =
  | { readonly kind: "profile"; readonly bytes: Buffer }
  | { readonly kind: "space"; readonly space: ColourSpace }
  | { readonly kind: "invalid"; readonly message: string }
  | { readonly kind: "srgb" };

/** IEC 61966-2-1. */
export const srgbCurve: Curve = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/** x and y of white, red, green and blue (CIE 1931). */
export interface Chromaticities {
  readonly white: readonly [number, number];
  readonly red: readonly [number, number];
  readonly green: readonly [number, number];
  readonly blue: readonly [number, number];
}

export const d65 = [0.3127, 0.329] as const;

/** ITU-R BT.709 and sRGB. */
export const bt709: Chromaticities = { white: d65, red: [0.64, 0.33], green: [0.3, 0.6], blue: [0.15, 0.06] };

/** Whether the space is sRGB by its own definition, within the digits of a file. */
export function isSrgb({ curves, toXyz }: ColourSpace): boolean {
  if (curves.length !== 1 || curves[0] !== srgbCurve || toXyz === null) return false;
  const rows = xyzOf(bt709);
  return toXyz.every((row, at) => row.every((value, column) => Math.abs(value - (rows[at]?.[column] ?? 0)) < 0.0005));
}

/** ICC.1, section 7.2.16. */
const d50: Vector = [0.9642, 1, 0.8249];

/** ICC.1, annex E: the Bradford transform, with which white points are adapted. */
const bradford: Matrix = [
  [0.8951, 0.2664, -0.1614],
  [-0.7502, 1.7135, 0.0367],
  [0.0389, -0.0685, 1.0296],
];

/** Returns the matrix from light in these primaries to XYZ under D50. */
export function xyzOf({ white, red, green, blue }: Chromaticities): Matrix {
  const primaries = transposed([xyz(red), xyz(green), xyz(blue)]);
  const toWhite = multiply(primaries, diagonal(apply(inverse(primaries), xyz(white))));
  const [from, to] = [apply(bradford, xyz(white)), apply(bradford, d50)];
  const scale = diagonal([to[0] / from[0], to[1] / from[1], to[2] / from[2]]);
  return multiply(multiply(inverse(bradford), multiply(scale, bradford)), toWhite);
}

function xyz([x, y]: readonly [number, number]): Vector {
  return [x / y, 1, (1 - x - y) / y];
}
