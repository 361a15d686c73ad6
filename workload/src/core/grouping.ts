/**
 * How much work goes together. Pure.
 *
 * | unit  | what it is                                        | limits                                    | why not more                                   |
 * | ----- | ------------------------------------------------- | ----------------------------------------- | ---------------------------------------------- |
 * | batch | jobs of one shape, sent to a worker in a message  | `batch.maxSize`, the model, `batchPixels` | the first picture would wait for the last      |
 * | run   | pictures of a batch, in one call of the model     | `runPixels`                               | CPU: falls out of the cache; GPU: memory       |
 * | strip | rows of one large picture, in one call            | `stripPixels`                             | as for a run; only if its receptive radius is known |
 * | tile  | a part of a picture of the size that a model takes, in one call (`tiles.ts`) | the model, `model.tile` | memory |
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
 * and 240 MiB instead of 360 MiB (docs/performance-processor.md). On a GPU a larger picture needs no more memory than one of 4096x4096.
 */
export const stripPixels: Readonly<Record<Accelerator, number>> = { cpu: 102_400, cuda: 4096 * 4096 };

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

/**
 * Returns how many of `count` pictures go into each run. `powersOfTwo`: only as many as a power of two, as each other number is a
 * new shape, for which cuDNN searches its algorithms again; seven pictures are runs of four, two and one.
 */
export function runLengths(count: number, largest: number, powersOfTwo: boolean): readonly number[] {
  const lengths: number[] = [];
  for (let left = count; left > 0; left -= lengths.at(-1) ?? left) {
    const most = Math.min(left, Math.max(1, largest));
    lengths.push(powersOfTwo ? 2 ** Math.floor(Math.log2(most)) : most);
  }
  return lengths;
}
