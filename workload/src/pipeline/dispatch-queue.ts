/** Jobs that wait for a worker, oldest first, and when they are sent to one. */
import { chooseBatch, type BatchRules } from "./batching.ts";
import type { Job } from "./job.ts";
import type { WorkerBatches } from "./worker-batches.ts";

export class DispatchQueue {
  readonly #jobs = new Set<Job>();
  readonly #batches: WorkerBatches;
  readonly #rules: () => BatchRules;
  #wake: NodeJS.Timeout | undefined;

  /** `rules` is called for each batch: a reload of the configuration may change them. */
  constructor(batches: WorkerBatches, rules: () => BatchRules) {
    this.#batches = batches;
    this.#rules = rules;
  }

  get size(): number {
    return this.#jobs.size;
  }

  add(job: Job): void {
    this.#jobs.add(job);
    this.dispatch();
  }

  /** Does nothing if the job was sent. */
  remove(job: Job): void {
    this.#jobs.delete(job);
  }

  /** Sends batches while there are jobs and workers for them. To be called when a worker becomes free. */
  dispatch(): void {
    while (this.#jobs.size > 0) {
      const worker = this.#batches.nextWorker();
      if (worker === undefined) return;
      const { freeWorkers, activeJobs } = this.#batches;
      const now = performance.now();
      const situation = { now, freeWorkers: Math.max(1, freeWorkers), busy: activeJobs > 0 };
      const choice = chooseBatch(this.#jobs, this.#jobs.size, this.#rules(), situation);
      if (choice.kind === "nothing") return;
      if (choice.kind === "wait") return this.#dispatchAfter(choice.afterMs);
      for (const job of choice.jobs) {
        this.#jobs.delete(job);
        job.dispatchedAt = now;
      }
      this.#batches.send(worker, choice.jobs);
    }
  }

  close(): void {
    clearTimeout(this.#wake);
  }

  #dispatchAfter(afterMs: number): void {
    this.#wake ??= setTimeout(() => {
      this.#wake = undefined;
      this.dispatch();
    }, Math.ceil(afterMs));
  }
}
