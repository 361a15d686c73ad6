/** Converts between interleaved RGB bytes and the floats or planes that a model may need. Pure. */
import type { PictureLayout } from "./picture-model.ts";

type Layout = Pick<PictureLayout, "type" | "order">;

/** Returns `pixels` of `count` pictures in the model's layout; `pixels` itself if that is the codec's layout. */
export function toTensor(pixels: Uint8Array, count: number, { type, order }: Layout): Uint8Array | Float32Array {
  if (type === "uint8" && order === "NHWC") return pixels;
  const result = type === "uint8" ? new Uint8Array(pixels.length) : new Float32Array(pixels.length);
  const factor = type === "uint8" ? 1 : 1 / 255;
  const elements = pixels.length / count;
  const plane = elements / 3;
  for (let picture = 0; picture < count; picture++) {
    const base = picture * elements;
    for (let index = 0; index < elements; index++) {
      const to = order === "NHWC" ? index : (index % 3) * plane + Math.floor(index / 3);
      result[base + to] = (pixels[base + index] ?? 0) * factor;
    }
  }
  return result;
}

/** The reverse, rounded and clamped to 0–255; `target` is as long as `tensor`. */
export function fromTensor(
  target: Uint8Array,
  tensor: Uint8Array | Float32Array,
  count: number,
  { type, order }: Layout,
): void {
  const factor = type === "uint8" ? 1 : 255;
  const elements = tensor.length / count;
  const plane = elements / 3;
  // Rounds and clamps what is assigned.
  const clamped = new Uint8ClampedArray(target.buffer, target.byteOffset, target.byteLength);
  for (let picture = 0; picture < count; picture++) {
    const base = picture * elements;
    for (let index = 0; index < elements; index++) {
      const from = order === "NHWC" ? index : (index % 3) * plane + Math.floor(index / 3);
      clamped[base + index] = (tensor[base + from] ?? 0) * factor;
    }
  }
}
