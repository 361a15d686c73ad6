/** Decides which queued jobs a free worker processes next. Pure. */
import { batchCapacity, type BatchLimits } from "../core/grouping.ts";
import type { Job } from "./job.ts";

export interface BatchRules extends BatchLimits {
  /** How long a job waits for others of its shape. */
  readonly maxDelayMs: number;
}

export interface Situation {
  readonly now: number;
  /** Workers without work, including the one to be given a batch. */
  readonly freeWorkers: number;
  /** Whether any batch is being processed. */
  readonly busy: boolean;
}

export type Choice =
  | { readonly kind: "batch"; readonly jobs: readonly Job[] }
  /** More jobs may still arrive: choose again after this time. */
  | { readonly kind: "wait"; readonly afterMs: number }
  | { readonly kind: "nothing" };

/** How many jobs from the oldest on are searched for the same shape. */
const lookAhead = 64;

/** `queue` in order of arrival, `size` its length. */
export function chooseBatch(queue: Iterable<Job>, size: number, rules: BatchRules, situation: Situation): Choice {
  const iterator = queue[Symbol.iterator]();
  const { value: first } = iterator.next() as { value: Job | undefined };
  if (first === undefined) return { kind: "nothing" };
  const capacity = first.shape === null ? 1 : batchCapacity(first.pixels, rules);
  // Two free workers with four jobs get two each, rather than one of them all four.
  const share = Math.min(capacity, Math.ceil(size / situation.freeWorkers));
  const jobs = [first];
  for (let seen = 1; jobs.length < share && seen < lookAhead; seen++) {
    const { value: job } = iterator.next() as { value: Job | undefined };
    if (job === undefined) break;
    if (job.shape === first.shape) jobs.push(job);
  }
  if (jobs.length >= capacity || !situation.busy) return { kind: "batch", jobs };
  // More jobs are likely while others are being processed; on an idle processor waiting only adds latency.
  const afterMs = first.acceptedAt + rules.maxDelayMs - situation.now;
  return afterMs > 0 ? { kind: "wait", afterMs } : { kind: "batch", jobs };
}
