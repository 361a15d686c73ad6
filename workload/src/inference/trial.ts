/** Runs on a known picture, to warm up and to measure. */
import type { ModelContract } from "../core/model-contract.ts";
import type { Size } from "../core/picture.ts";
import { knownPicture } from "./known-picture.ts";
import { lumaOf } from "./luma.ts";
import { tensorDims, type PictureInference } from "./picture-inference.ts";
import { channelCount, toTensor } from "./pixels.ts";
import { discardOutputs, type ModelSession, type Tensor } from "./session.ts";
import { tensor } from "./tensors.ts";

/** The first run of a session allocates memory, and on a GPU searches algorithms: no request should wait for that. */
export async function warmUp(session: ModelSession, contract: ModelContract): Promise<void> {
  const feeds = trialFeeds(contract, contract.trial);
  for (let run = 0; run < 2; run++) await trialMs(session, feeds);
}

export interface BucketWarmUp {
  /** Of pictures. */
  readonly sizes: readonly Size[];
  /** Returns the most pictures of this size that go through the model together. */
  readonly largestRun: (size: Size) => number;
  /** No further bucket is tried after this time: a pod should be ready in time. */
  readonly budgetMs: number;
}

/** Runs the buckets of these sizes with each number of pictures that a run may have, so that no request waits for cuDNN's search. */
export async function warmUpBuckets(inference: PictureInference, options: BucketWarmUp): Promise<void> {
  const { sizes, largestRun, budgetMs } = options;
  const endAt = performance.now() + budgetMs;
  for (const size of sizes) {
    const picture = knownPicture(size);
    for (let count = 1; count <= largestRun(size); count *= 2) {
      if (performance.now() >= endAt) break;
      await inference.run(repeated(picture, count), count, size);
    }
  }
  inference.takeColdRuns();
}

/** Returns how long a run took. */
export async function trialMs(session: ModelSession, feeds: Readonly<Record<string, Tensor>>): Promise<number> {
  const startedAt = performance.now();
  const outputs = await session.run(feeds);
  const ms = performance.now() - startedAt;
  discardOutputs(outputs);
  return ms;
}

/** Returns the known picture, `count` times, as the model's input. */
export function trialFeeds(
  { input }: Pick<ModelContract, "input">,
  size: Size,
  count = 1,
): Readonly<Record<string, Tensor>> {
  const picture = knownPicture(size);
  const pixels = repeated(channelCount(input) === 1 ? lumaOf(picture) : picture, count);
  return { [input.name]: tensor(input.type, toTensor(pixels, count, input), tensorDims(input, count, size)) };
}

function repeated(pixels: Uint8Array, count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => pixels));
}

/** Whether the model still answers the known picture: if so, the input of a failed run is at fault, and not the session. */
export async function stillWorks({
  session,
  contract,
}: {
  readonly session: ModelSession;
  readonly contract: ModelContract;
}): Promise<boolean> {
  try {
    await trialMs(session, trialFeeds(contract, contract.trial));
    return true;
  } catch {
    return false;
  }
}
