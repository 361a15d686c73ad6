/** Between RGB bytes side by side and the floats or planes that a model may want. Pure. */
import type { PictureLayout } from "./picture-model.ts";

type Kind = Pick<PictureLayout, "type" | "order">;

/** `pixels` of `count` pictures in the model's layout; the very same bytes where the layout is that of the codec. */
export function toTensor(pixels: Uint8Array, count: number, { type, order }: Kind): Uint8Array | Float32Array {
  if (type === "uint8" && order === "NHWC") return pixels;
  const result = type === "uint8" ? new Uint8Array(pixels.length) : new Float32Array(pixels.length);
  const factor = type === "uint8" ? 1 : 1 / 255;
  const each = pixels.length / count;
  const plane = each / 3;
  for (let picture = 0; picture < count; picture++) {
    const base = picture * each;
    for (let index = 0; index < each; index++) {
      const to = order === "NHWC" ? index : (index % 3) * plane + Math.floor(index / 3);
      result[base + to] = (pixels[base + index] ?? 0) * factor;
    }
  }
  return result;
}

/** The reverse, rounded and kept within 0 and 255; `target` is as long as `tensor`. */
export function fromTensor(
  target: Uint8Array,
  tensor: Uint8Array | Float32Array,
  count: number,
  { type, order }: Kind,
): void {
  const factor = type === "uint8" ? 1 : 255;
  const each = tensor.length / count;
  const plane = each / 3;
  // Assigned to it, a number is rounded and clamped.
  const clamped = new Uint8ClampedArray(target.buffer, target.byteOffset, target.byteLength);
  for (let picture = 0; picture < count; picture++) {
    const base = picture * each;
    for (let index = 0; index < each; index++) {
      const from = order === "NHWC" ? index : (index % 3) * plane + Math.floor(index / 3);
      clamped[base + index] = (tensor[base + from] ?? 0) * factor;
    }
  }
}
