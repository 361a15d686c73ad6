/**
 * Converts between frames of video (I420) and RGB, by BT.601 with brightness from 16 to 235 (Rec. ITU-R BT.601-7, section 2.5.3), in
 * fixed point of 16 bits. Pure.
 */
import type { Size } from "../core/picture.ts";
import { chromaSize } from "../core/video-frame.ts";

const half = 1 << 15;
const fixed = (factor: number): number => Math.round(factor * 65_536);

const toRgb = {
  y: fixed(255 / 219),
  redOfV: fixed((255 / 224) * 1.402),
  greenOfU: fixed((255 / 224) * 0.344136),
  greenOfV: fixed((255 / 224) * 0.714136),
  blueOfU: fixed((255 / 224) * 1.772),
} as const;

/** Writes three bytes a pixel into `rgb`; each colour stands for its four pixels. */
export function rgbOfI420(rgb: Uint8Array, frame: Uint8Array, { width, height }: Size): void {
  const chroma = chromaSize({ width, height });
  const planeU = width * height;
  const planeV = planeU + chroma.width * chroma.height;
  const target = new Uint8ClampedArray(rgb.buffer, rgb.byteOffset, width * height * 3);
  let to = 0;
  let from = 0;
  for (let row = 0; row < height; row++) {
    const chromaRow = (row >> 1) * chroma.width;
    for (let column = 0; column < width; column++) {
      const at = chromaRow + (column >> 1);
      const y = ((frame[from++] ?? 0) - 16) * toRgb.y + half;
      const u = (frame[planeU + at] ?? 0) - 128;
      const v = (frame[planeV + at] ?? 0) - 128;
      target[to++] = (y + toRgb.redOfV * v) >> 16;
      target[to++] = (y - toRgb.greenOfU * u - toRgb.greenOfV * v) >> 16;
      target[to++] = (y + toRgb.blueOfU * u) >> 16;
    }
  }
}

const ofRgb = {
  y: [fixed((219 / 255) * 0.299), fixed((219 / 255) * 0.587), fixed((219 / 255) * 0.114)],
  u: [fixed((-224 / 255) * 0.168736), fixed((-224 / 255) * 0.331264), fixed((224 / 255) * 0.5)],
  v: [fixed((224 / 255) * 0.5), fixed((-224 / 255) * 0.418688), fixed((-224 / 255) * 0.081312)],
} as const;

/** Writes a frame; a colour is the mean of its four pixels, or of those that there are at an odd edge. */
export function i420OfRgb(frame: Uint8Array, rgb: Uint8Array, { width, height }: Size): void {
  const [yr, yg, yb] = ofRgb.y;
  for (let from = 0, to = 0; to < width * height; from += 3, to++) {
    const sum = yr * (rgb[from] ?? 0) + yg * (rgb[from + 1] ?? 0) + yb * (rgb[from + 2] ?? 0);
    frame[to] = ((sum + half) >> 16) + 16;
  }
  const chroma = chromaSize({ width, height });
  const [ur, ug, ub] = ofRgb.u;
  const [vr, vg, vb] = ofRgb.v;
  const planeV = width * height + chroma.width * chroma.height;
  let to = width * height;
  for (let row = 0; row < chroma.height; row++) {
    const top = row * 2 * width;
    const bottom = Math.min(row * 2 + 1, height - 1) * width;
    for (let column = 0; column < chroma.width; column++, to++) {
      const left = column * 2;
      const right = Math.min(left + 1, width - 1);
      const [a, b, c, d] = [(top + left) * 3, (top + right) * 3, (bottom + left) * 3, (bottom + right) * 3] as const;
      const red = ((rgb[a] ?? 0) + (rgb[b] ?? 0) + (rgb[c] ?? 0) + (rgb[d] ?? 0)) / 4;
      const green = ((rgb[a + 1] ?? 0) + (rgb[b + 1] ?? 0) + (rgb[c + 1] ?? 0) + (rgb[d + 1] ?? 0)) / 4;
      const blue = ((rgb[a + 2] ?? 0) + (rgb[b + 2] ?? 0) + (rgb[c + 2] ?? 0) + (rgb[d + 2] ?? 0)) / 4;
      frame[to] = ((ur * red + ug * green + ub * blue + half) >> 16) + 128;
      frame[planeV + to - width * height] = ((vr * red + vg * green + vb * blue + half) >> 16) + 128;
    }
  }
}
