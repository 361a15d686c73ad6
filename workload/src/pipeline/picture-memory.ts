/** Which pictures fit into the container's memory, alone and beside others. Pure. */
import { bytesForPictures, readBytesPerPixel, resultBytesPerPixel } from "@gpumedia/api/src/picture-memory.ts";
import { formats, type PictureFormat, type Size } from "../core/picture.ts";
import type { RawTensor } from "../core/tensor.ts";

/** Even in a tiny container small pictures are tried, as its pages may be less full than estimated. */
const leastBytes = 16 * 1024 * 1024;

export interface MemoryBudget {
  /** For the pictures that are processed at the same time. */
  readonly pictureBytes: number;
  /** For the bodies of accepted requests: some hundreds of large uploads may wait. */
  readonly bodyBytes: number;
}

export function memoryBudget(memoryBytes: number, workers: number): MemoryBudget {
  const left = bytesForPictures(memoryBytes, workers);
  return { pictureBytes: Math.max(leastBytes, left), bodyBytes: Math.max(leastBytes, left / 4) };
}

/** The memory at the peak of a picture whose result is written in a format. `scale`: pixels of the result per pixel along a side. */
export function pictureBytes({ width, height }: Size, scale: number, format: PictureFormat): number {
  const perResultPixel = resultBytesPerPixel + formats[format].writeBytesPerPixel;
  return width * height * (readBytesPerPixel + scale ** 2 * perResultPixel);
}

/** The memory at the peak of a run on tensors: its input and output, each as bytes and as the runtime's tensor. */
export function tensorBytes(inputs: readonly RawTensor[], scale: number): number {
  return 2 * (1 + scale ** 2) * inputs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
