/**
 * Colour for a model of brightness: its result gets the colours of the picture, enlarged, as the authors of such models do (ONNX
 * model zoo, super-resolution-10). Conversion: JFIF, which is BT.601 in full range. Pure.
 */
import { discard } from "../core/buffers.ts";
import type { Size } from "../core/picture.ts";

/** Returns the brightness of each pixel. */
export function lumaOf(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8ClampedArray(rgb.length / 3);
  for (let index = 0; index < luma.length; index++) {
    const [red = 0, green = 0, blue = 0] = [rgb[index * 3], rgb[index * 3 + 1], rgb[index * 3 + 2]];
    luma[index] = 0.299 * red + 0.587 * green + 0.114 * blue;
  }
  return new Uint8Array(luma.buffer);
}

/** Writes the pixels with this brightness, of size `to`, and the colours of the picture `rgb` of size `from`. */
export function recolour(target: Uint8Array, luma: Uint8Array, to: Size, rgb: Uint8Array, from: Size): void {
  const clamped = new Uint8ClampedArray(target.buffer, target.byteOffset, target.byteLength);
  const columns = tapsOf(from.width, to.width);
  const rows = tapsOf(from.height, to.height);
  // Cb and Cr, less 128, by pixel.
  const chroma = new Float32Array(from.width * from.height * 2);
  for (let index = 0; index < from.width * from.height; index++) {
    const [red = 0, green = 0, blue = 0] = [rgb[index * 3], rgb[index * 3 + 1], rgb[index * 3 + 2]];
    chroma[index * 2] = -0.168736 * red - 0.331264 * green + 0.5 * blue;
    chroma[index * 2 + 1] = 0.5 * red - 0.418688 * green - 0.081312 * blue;
  }
  const wide = new Float32Array(to.width * from.height * 2);
  for (let y = 0; y < from.height; y++) {
    for (let x = 0; x < to.width; x++) {
      for (const channel of [0, 1]) {
        const at = (position: number): number => chroma[(y * from.width + position) * 2 + channel] ?? 0;
        wide[(y * to.width + x) * 2 + channel] = weighted(columns, x, at);
      }
    }
  }
  for (let y = 0; y < to.height; y++) {
    for (let x = 0; x < to.width; x++) {
      const blue = weighted(rows, y, (position) => wide[(position * to.width + x) * 2] ?? 0);
      const red = weighted(rows, y, (position) => wide[(position * to.width + x) * 2 + 1] ?? 0);
      const index = y * to.width + x;
      const brightness = luma[index] ?? 0;
      clamped[index * 3] = brightness + 1.402 * red;
      clamped[index * 3 + 1] = brightness - 0.344136 * blue - 0.714136 * red;
      clamped[index * 3 + 2] = brightness + 1.772 * blue;
    }
  }
  discard(chroma);
  discard(wide);
}

/** `perPosition` consecutive taps for each position of the result. */
interface Taps {
  readonly perPosition: number;
  readonly positions: Int32Array;
  readonly weights: Float32Array;
}

function weighted({ perPosition, positions, weights }: Taps, position: number, at: (from: number) => number): number {
  let sum = 0;
  for (let tap = position * perPosition; tap < (position + 1) * perPosition; tap++) {
    sum += (weights[tap] ?? 0) * at(positions[tap] ?? 0);
  }
  return sum;
}

/** Catmull-Rom, centred: pixels are areas. Wider where it reduces, so that no pixel is left out. */
function tapsOf(from: number, to: number): Taps {
  const step = from / to;
  const spread = Math.max(1, step);
  const perPosition = Math.ceil(4 * spread) + 1;
  const positions = new Int32Array(to * perPosition);
  const weights = new Float32Array(to * perPosition);
  for (let index = 0; index < to; index++) {
    const centre = (index + 0.5) * step - 0.5;
    const first = Math.ceil(centre - 2 * spread);
    let sum = 0;
    for (let tap = 0; tap < perPosition; tap++) {
      const weight = catmullRom((first + tap - centre) / spread);
      positions[index * perPosition + tap] = Math.min(Math.max(first + tap, 0), from - 1);
      weights[index * perPosition + tap] = weight;
      sum += weight;
    }
    for (let tap = 0; tap < perPosition; tap++) {
      weights[index * perPosition + tap] = (weights[index * perPosition + tap] ?? 0) / sum;
    }
  }
  return { perPosition, positions, weights };
}

function catmullRom(distance: number): number {
  const x = Math.abs(distance);
  if (x >= 2) return 0;
  return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : ((-0.5 * x + 2.5) * x - 4) * x + 2;
}
