/** Fails jobs that are not finished within the request timeout, and gives up workers that are stuck. */
import { PipelineError } from "../core/pipeline-error.ts";
import type { Job } from "./job.ts";
import type { OutstandingJobs } from "./outstanding-jobs.ts";
import type { WorkerBatches } from "./worker-batches.ts";

/** The largest picture that the request timeout itself is meant for: larger ones get time in proportion. */
const usualPixels = 4096 * 4096;

/** How long a request of this many pixels may take, in whole milliseconds. */
export function timeoutOf(pixels: number, requestTimeoutMs: number): number {
  return Math.round(requestTimeoutMs * Math.max(1, pixels / usualPixels));
}

export interface DeadlineOptions {
  /** Of a usual request. */
  readonly timeoutMs: number;
  readonly outstanding: OutstandingJobs;
  readonly batches: WorkerBatches;
  readonly fail: (job: Job, error: PipelineError) => void;
}

export class Deadlines {
  readonly #options: DeadlineOptions;
  /** One timer for all jobs. */
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DeadlineOptions) {
    this.#options = options;
  }

  /** Starts to check periodically, until there is neither a job nor a busy worker. */
  start(): void {
    const { timeoutMs, outstanding, batches } = this.#options;
    this.#timer ??= setTimeout(
      () => {
        this.#timer = undefined;
        this.#check();
        if (outstanding.size > 0 || batches.activeJobs > 0) this.start();
      },
      Math.min(250, Math.max(10, timeoutMs / 4)),
    );
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #check(): void {
    const { outstanding, batches, fail } = this.#options;
    const now = performance.now();
    for (const job of outstanding) {
      const { acceptedAt, timeoutMs } = job;
      if (now - acceptedAt <= timeoutMs) continue;
      fail(job, new PipelineError("deadline", `not finished within ${timeoutMs} ms`));
    }
    batches.giveUpStuck(now);
  }
}
