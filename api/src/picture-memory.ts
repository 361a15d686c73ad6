/**
 * How much memory pictures need in the processor: the operator checks a service's limits by it, and the processor starts no picture
 * that would not fit. Measured on 2026-11-30 at 24 and 50 megapixels with one worker (docs/processor.md, "Large pictures"). Pure.
 */

const mib = 1024 * 1024;

/** Program, libraries and buffers of small pictures: 240 MiB with two workers (docs/performance-processor.md). */
const programBytes = 160 * mib;
const workerBytes = 64 * mib;

/** The decoded picture, with alpha; kept until its result is written. */
export const decodedBytesPerPixel = 4;

/** The result that a model returns, three bytes for each of its pixels. */
const resultBytesPerPixel = 3;

/** While a JPEG is written, for each pixel of the result. */
export const jpegWriteBytesPerPixel = 2;

/** The built-in models double the sides. */
const usualScale = 2;

/** Returns how many bytes of the container's memory are left for pictures; 0: not even small ones have enough. */
export function bytesForPictures(memoryBytes: number, workers: number): number {
  return Math.max(0, memoryBytes - programBytes - workers * workerBytes);
}

/** Returns the memory that a container needs for one picture of `pixels`, with a model that doubles and JPEG as its result. */
export function memoryForPixels(pixels: number, workers: number): number {
  const perPixel = decodedBytesPerPixel + usualScale ** 2 * (resultBytesPerPixel + jpegWriteBytesPerPixel);
  return pixels * perPixel + programBytes + workers * workerBytes;
}

/** One worker per whole core, at least one: a thread beyond the quota throttles all others. */
export function workersFor(cores: number): number {
  return Math.max(1, Math.floor(cores + 0.01));
}
