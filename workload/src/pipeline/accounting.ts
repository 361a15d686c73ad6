/** Counts requests and batches, for the observer and for the estimate of how long a new request would wait. */
import { PipelineError } from "../core/pipeline-error.ts";
import type { PipelineObserver } from "../core/observer.ts";
import { timingsOf, type Job, type Outcome } from "./job.ts";
import { LoadEstimate } from "./load-estimate.ts";
import type { Batch } from "./worker-batches.ts";

export class Accounting {
  readonly #observer: PipelineObserver;
  readonly #load = new LoadEstimate();

  constructor(observer: PipelineObserver) {
    this.#observer = observer;
  }

  /** The estimated wait of a new request. */
  waitMs(workers: number): number {
    return this.#load.waitMs(workers);
  }

  /** Runs a check of a request, and counts the request as failed if it throws. */
  checked<T>(check: () => T): T {
    try {
      return check();
    } catch (error) {
      if (error instanceof PipelineError) this.#observer.failed(error.kind);
      throw error;
    }
  }

  accepted({ pixels }: Job): void {
    this.#load.enter(pixels);
  }

  settled({ pixels, acceptedAt }: Job, outcome: Outcome): void {
    this.#load.leave(pixels);
    if (outcome instanceof PipelineError) {
      this.#observer.failed(outcome.kind);
      return;
    }
    this.#observer.finished(timingsOf(outcome), performance.now() - acceptedAt);
    const { result } = outcome;
    if (result.kind === "picture" && result.warnings.length > 0) this.#observer.warned(result.warnings);
  }

  /** The observer counts runs: a batch of several has its time shared out among them. */
  batchFinished({ jobs, runSize, isFirst }: Batch, busyMs: number): void {
    let pixels = 0;
    for (const job of jobs) pixels += job.pixels;
    this.#load.learn(jobs.size, pixels, busyMs, isFirst);
    for (let left = jobs.size; left > 0; left -= runSize) {
      const size = Math.min(left, runSize);
      this.#observer.batch(size, (busyMs * size) / jobs.size);
    }
  }
}
