/** What a free worker should take from the queue. Pure. */
import type { Job } from "./job.ts";

export interface BatchRules {
  readonly maxSize: number;
  readonly maxDelayMs: number;
  /** More are not handed to one worker: the first would wait for the last. */
  readonly maxPixels: number;
}

export interface Situation {
  readonly now: number;
  /** Workers without work, the one that asks included. */
  readonly freeWorkers: number;
  /** Whether any batch is under way. */
  readonly busy: boolean;
}

export type Choice =
  | { readonly kind: "batch"; readonly jobs: readonly Job[] }
  /** Others may still come: look again then. */
  | { readonly kind: "wait"; readonly afterMs: number }
  | { readonly kind: "nothing" };

/** How far behind the first job others of its shape are looked for. */
const lookAhead = 64;

/** `queue` in the order of arrival. */
export function chooseBatch(queue: Iterable<Job>, size: number, rules: BatchRules, situation: Situation): Choice {
  const iterator = queue[Symbol.iterator]();
  const { value: first } = iterator.next() as { value: Job | undefined };
  if (first === undefined) return { kind: "nothing" };
  const capacity = first.shape === null ? 1 : batchCapacity(first, rules);
  // Two free workers with four jobs take two each, rather than one all four.
  const share = Math.min(capacity, Math.ceil(size / situation.freeWorkers));
  const jobs = [first];
  for (let seen = 1; jobs.length < share && seen < lookAhead; seen++) {
    const { value: job } = iterator.next() as { value: Job | undefined };
    if (job === undefined) break;
    if (job.shape === first.shape) jobs.push(job);
  }
  if (jobs.length >= capacity || !situation.busy) return { kind: "batch", jobs };
  // While others are being served more are likely to come; with nothing under way a wait would be for nobody.
  const afterMs = first.acceptedAt + rules.maxDelayMs - situation.now;
  return afterMs > 0 ? { kind: "wait", afterMs } : { kind: "batch", jobs };
}

function batchCapacity({ pixels }: Job, { maxSize, maxPixels }: BatchRules): number {
  return Math.max(1, Math.min(maxSize, Math.floor(maxPixels / pixels)));
}
