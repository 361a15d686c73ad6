/**
 * Selects the graph layout that is faster on this machine, by measurement: on a CPU, what the guide's `cudnn.benchmark`
 * does on a GPU.
 *
 * Blocks of 8 or 16 channels suit convolutions of that many. A model with three channels in and out computes mostly zeros
 * in them: the benchmark's tiny model took 0.57 ms with blocks and 0.44 ms without, the built-in one 11 ms and 13 ms a
 * strip.
 */
import type { ModelContract } from "../core/model-contract.ts";
import type { Size } from "../core/picture.ts";
import type { Optimization } from "../core/tensor.ts";
import { openSession, type ModelSession } from "./session.ts";
import { trialFeeds, trialMs, warmUp } from "./trial.ts";

/** Pixels per side if the model leaves it open: enough to tell the layouts apart; more would cost idle memory. */
const side = 224;

/** The fastest of this many runs counts, which leaves out what else the machine does. */
const mostRuns = 5;

/** A slow model is tried once: the start should not wait for more. */
const budgetMs = 500;

/** A smaller gain is noise. */
const worthwhile = 0.95;

export interface SelectedSession {
  readonly session: ModelSession;
  readonly optimization: Optimization;
}

/** `original` is a session of `file` with optimization `all`; it is released if the alternative is faster. */
export async function fasterSession(
  file: string,
  original: ModelSession,
  contract: ModelContract,
): Promise<SelectedSession> {
  const alternative = await openSession(file, "cpu", "extended");
  for (const session of [original, alternative]) await warmUp(session, contract);
  const feeds = trialFeeds(contract, measuredSize(contract));
  const fastest = { original: Number.POSITIVE_INFINITY, alternative: Number.POSITIVE_INFINITY };
  const endAt = performance.now() + budgetMs;
  for (let run = 0; run < mostRuns && (run === 0 || performance.now() < endAt); run++) {
    fastest.original = Math.min(fastest.original, await trialMs(original, feeds));
    fastest.alternative = Math.min(fastest.alternative, await trialMs(alternative, feeds));
  }
  if (fastest.alternative < fastest.original * worthwhile) {
    await original.release();
    return { session: alternative, optimization: "extended" };
  }
  await alternative.release();
  return { session: original, optimization: "all" };
}

function measuredSize({ fixed, sizeMultiple }: ModelContract): Size {
  const free = Math.ceil(side / sizeMultiple) * sizeMultiple;
  return { width: fixed.width ?? free, height: fixed.height ?? free };
}
