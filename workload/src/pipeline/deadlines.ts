/** Fails jobs that are not finished within the request timeout, and gives up workers that are stuck. */
import { PipelineError } from "../work/pipeline-error.ts";
import type { Job } from "./job.ts";
import type { OutstandingJobs } from "./outstanding-jobs.ts";
import type { WorkerBatches } from "./worker-batches.ts";

export interface DeadlineOptions {
  readonly timeoutMs: number;
  readonly outstanding: OutstandingJobs;
  readonly batches: WorkerBatches;
  readonly fail: (job: Job, error: PipelineError) => void;
}

export class Deadlines {
  readonly #options: DeadlineOptions;
  /** One timer for all jobs: their deadlines are in the order of arrival. */
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
    const { timeoutMs, outstanding, batches, fail } = this.#options;
    const expired = performance.now() - timeoutMs;
    for (const job of outstanding) {
      if (job.acceptedAt > expired) return;
      fail(job, new PipelineError("deadline", `not finished within ${timeoutMs} ms`));
    }
    // A worker that takes twice the timeout for a batch will not finish it.
    batches.giveUpStuck(expired - timeoutMs);
  }
}
