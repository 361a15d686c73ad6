/**
 * How much work goes together. Pure.
 *
 * | unit  | what it is                                        | limits                                    | why not more                                   |
 * | ----- | ------------------------------------------------- | ----------------------------------------- | ---------------------------------------------- |
 * | batch | jobs of one shape, sent to a worker in a message  | `batch.maxSize`, the model, `batchPixels` | the first picture would wait for the last      |
 * | run   | pictures of a batch, in one call of the model     | `runPixels`                               | CPU: falls out of the cache; GPU: memory       |
 * | strip | rows of one large picture, in one call            | `stripPixels`                             | as for a run; only if its receptive radius is known |
 *
 * A batch is one or more runs, so that a message can carry more pictures than the cache holds. `batch.maxDelay` limits
 * how long a batch waits to fill up (`pipeline/batching.ts`).
 */
import type { Accelerator } from "./tensor.ts";

/** On a CPU, beyond half a megapixel the fixed cost of a message no longer counts. */
export const batchPixels: Readonly<Record<Accelerator, number>> = { cpu: 512 * 1024, cuda: 32 * 1024 * 1024 };

/** On a CPU, eight pictures of 224x224 took the tiny benchmark model 0.94 ms each in one run and 0.66 ms one by one. */
const runPixels: Readonly<Record<Accelerator, number>> = { cpu: 64 * 1024, cuda: 32 * 1024 * 1024 };

/**
 * A processor with two workers and model size s needs 41 ms of CPU time for 640x480 in strips and 44 ms for the whole,
 * and 240 MiB instead of 360 MiB (docs/performance-processor.md).
 */
const stripPixels = 102_400;

/** With fewer rows, the overlap of strips costs more than the cache saves. */
const fewestRows = 64;

export interface BatchLimits {
  readonly maxSize: number;
  readonly maxPixels: number;
}

/** Returns how many jobs of `pixels` each one batch holds. */
export function batchCapacity(pixels: number, { maxSize, maxPixels }: BatchLimits): number {
  return Math.max(1, Math.min(maxSize, Math.floor(maxPixels / pixels)));
}

/** Returns how many pictures of `pixels` each go through the model in one run. */
export function runSize(pixels: number, accelerator: Accelerator): number {
  return Math.max(1, Math.floor(runPixels[accelerator] / pixels));
}

/** Rows of a picture; `to` is exclusive. */
interface Rows {
  readonly from: number;
  readonly to: number;
}

export interface Strip {
  /** The rows that go into the model: the kept ones and `radius` more on each side. */
  readonly input: Rows;
  /** The rows whose result is kept. */
  readonly kept: Rows;
}

/** Cuts a picture into strips of about equal height; one strip if the picture is small enough. */
export function strips(width: number, height: number, radius: number): readonly Strip[] {
  const rows = Math.max(fewestRows, Math.floor(stripPixels / width));
  const count = Math.ceil(height / rows);
  return Array.from({ length: count }, (_, index) => {
    const kept = { from: Math.floor((index * height) / count), to: Math.floor(((index + 1) * height) / count) };
    return { kept, input: { from: Math.max(0, kept.from - radius), to: Math.min(height, kept.to + radius) } };
  });
}
