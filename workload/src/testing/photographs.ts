/** Test photographs, and measures of the similarity of two pictures. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

export const photographs = ["china", "flower"] as const;

export interface Rgb {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel. */
  readonly pixels: Uint8Array;
}

export function photographFile(name: (typeof photographs)[number]): string {
  return fileURLToPath(new URL(`../../testdata/${name}.jpg`, import.meta.url));
}

export function photograph(name: (typeof photographs)[number]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(photographFile(name)));
}

export async function decoded(picture: string | Uint8Array): Promise<Rgb> {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

/** Halves the size, each pixel the mean of four; an odd last row or column is dropped. */
export function halved({ width, height, pixels }: Rgb): Rgb {
  const half = { width: Math.floor(width / 2), height: Math.floor(height / 2) };
  const result = new Uint8Array(half.width * half.height * 3);
  for (let index = 0; index < result.length; index++) {
    const [c, x, y] = place(index, half.width);
    const at = (dx: number, dy: number) => pixels[((2 * y + dy) * width + 2 * x + dx) * 3 + c] ?? 0;
    result[index] = Math.round((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4);
  }
  return { ...half, pixels: result };
}

/** Catmull-Rom (a = -0.5), pixel centres at .5, border pixels repeated: what image editors call bicubic. */
export function bicubicDoubled({ width, height, pixels }: Rgb): Rgb {
  const doubled = { width: width * 2, height: height * 2 };
  const result = new Uint8ClampedArray(doubled.width * doubled.height * 3);
  // A new pixel lies a quarter before or after an old one.
  const near = [-0.0703125, 0.8671875, 0.2265625, -0.0234375];
  for (let index = 0; index < result.length; index++) {
    const [c, x, y] = place(index, doubled.width);
    let sum = 0;
    for (const [j, v] of near.entries()) {
      for (const [i, h] of near.entries()) {
        const column = Math.floor(x / 2) + (x % 2 === 0 ? 1 - i : i - 1);
        const row = Math.floor(y / 2) + (y % 2 === 0 ? 1 - j : j - 1);
        const from = Math.min(height - 1, Math.max(0, row)) * width + Math.min(width - 1, Math.max(0, column));
        sum += v * h * (pixels[from * 3 + c] ?? 0);
      }
    }
    result[index] = sum;
  }
  return { ...doubled, pixels: new Uint8Array(result.buffer) };
}

/** Colour, column, row. */
function place(index: number, width: number): [number, number, number] {
  const pixel = Math.floor(index / 3);
  return [index % 3, pixel % width, Math.floor(pixel / width)];
}

/** Peak signal-to-noise ratio in dB of two pictures of the same size. */
export function psnr(a: Rgb, b: Rgb): number {
  let sum = 0;
  for (const [index, value] of a.pixels.entries()) sum += (value - (b.pixels[index] ?? 0)) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.pixels.length));
}

/** Mean structural similarity of brightness over windows of 8x8, 4 pixels apart (Wang et al. 2004, k1 0.01, k2 0.03). */
export function ssim(a: Rgb, b: Rgb): number {
  const [one, two] = [brightness(a), brightness(b)];
  const c1 = (0.01 * 255) ** 2;
  const c2 = (0.03 * 255) ** 2;
  let total = 0;
  let windows = 0;
  for (let y = 0; y + 8 <= a.height; y += 4) {
    for (let x = 0; x + 8 <= a.width; x += 4) {
      let [s1, s2, s11, s22, s12] = [0, 0, 0, 0, 0];
      for (let j = y; j < y + 8; j++) {
        for (let i = x; i < x + 8; i++) {
          const p = one[j * a.width + i] ?? 0;
          const q = two[j * a.width + i] ?? 0;
          s1 += p;
          s2 += q;
          s11 += p * p;
          s22 += q * q;
          s12 += p * q;
        }
      }
      const [m1, m2] = [s1 / 64, s2 / 64];
      const [v1, v2, v12] = [s11 / 64 - m1 * m1, s22 / 64 - m2 * m2, s12 / 64 - m1 * m2];
      total += ((2 * m1 * m2 + c1) * (2 * v12 + c2)) / ((m1 * m1 + m2 * m2 + c1) * (v1 + v2 + c2));
      windows++;
    }
  }
  return total / windows;
}

function brightness({ pixels }: Rgb): Float64Array {
  const result = new Float64Array(pixels.length / 3);
  for (let index = 0; index < result.length; index++) {
    const [r = 0, g = 0, b = 0] = pixels.subarray(index * 3, index * 3 + 3);
    result[index] = 0.299 * r + 0.587 * g + 0.114 * b;
  }
  return result;
}
