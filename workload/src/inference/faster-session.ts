/**
 * The session with the layout that is faster here, found by trying: what the guide's `cudnn.benchmark` does on a GPU.
 *
 * Blocks of 8 or 16 channels suit convolutions of that many. A model with three in and three out computes mostly zeros in
 * them: the tiny one of the benchmark took 0.57 ms with them and 0.44 without, the built-in one 11 and 13 ms a strip.
 */
import type { PictureModel } from "./picture-model.ts";
import { openSession, type ModelSession } from "./session.ts";
import type { Optimization } from "../work/tensor.ts";
import { trialFeeds, trialMs, warmUp } from "./trial.ts";

/** Pixels a side where the model leaves it open: enough to tell them apart, and a larger one would cost idle memory. */
const side = 224;

/** The fastest of so many runs counts, so that what else the machine does is left out. */
const mostRuns = 5;

/** A model that takes long is tried once: the start should not wait for it. */
const budgetMs = 500;

/** Less is noise. */
const worthwhile = 0.95;

export interface Chosen {
  readonly session: ModelSession;
  readonly optimization: Optimization;
}

/** `usual`: a session of `file` with optimization `all`, which is given back should the other one be faster. */
export async function fasterSession(file: string, usual: ModelSession, model: PictureModel): Promise<Chosen> {
  const rival = await openSession(file, "cpu", "extended");
  for (const session of [usual, rival]) await warmUp(session, model);
  const feeds = trialFeeds(model, side);
  const fastest = { usual: Number.POSITIVE_INFINITY, rival: Number.POSITIVE_INFINITY };
  const endAt = performance.now() + budgetMs;
  for (let run = 0; run < mostRuns && (run === 0 || performance.now() < endAt); run++) {
    fastest.usual = Math.min(fastest.usual, await trialMs(usual, feeds));
    fastest.rival = Math.min(fastest.rival, await trialMs(rival, feeds));
  }
  if (fastest.rival < fastest.usual * worthwhile) {
    await usual.release();
    return { session: rival, optimization: "extended" };
  }
  await rival.release();
  return { session: usual, optimization: "all" };
}
