/** Jobs that wait for a worker, oldest first, and when they are sent to one. */
import { chooseBatch, type BatchRules } from "./batching.ts";
import { bodyBytesOf, type Job } from "./job.ts";
import type { WorkerBatches } from "./worker-batches.ts";

export class DispatchQueue {
  readonly #jobs = new Set<Job>();
  readonly #batches: WorkerBatches;
  readonly #rules: () => BatchRules;
  readonly #memoryBytes: number;
  #bodyBytes = 0;
  #wake: NodeJS.Timeout | undefined;

  /**
   * `memoryBytes`: for all jobs that are processed at the same time. `rules` is called for each batch: a reload of the configuration may
   * change them.
   */
  constructor(batches: WorkerBatches, memoryBytes: number, rules: () => BatchRules) {
    this.#memoryBytes = memoryBytes;
    this.#batches = batches;
    this.#rules = rules;
  }

  get size(): number {
    return this.#jobs.size;
  }

  /** Of the jobs that wait. */
  get bodyBytes(): number {
    return this.#bodyBytes;
  }

  add(job: Job): void {
    this.#jobs.add(job);
    this.#bodyBytes += bodyBytesOf(job);
    this.dispatch();
  }

  /** Does nothing if the job was sent. */
  remove(job: Job): void {
    if (this.#jobs.delete(job)) this.#bodyBytes -= bodyBytesOf(job);
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
      const jobs = this.#fitting(choice.jobs);
      // The oldest job waits for memory, and no younger one overtakes it: small pictures would keep a large one waiting for ever.
      if (jobs.length === 0) return;
      for (const job of jobs) {
        this.remove(job);
        job.dispatchedAt = now;
      }
      this.#batches.send(worker, jobs);
    }
  }

  close(): void {
    clearTimeout(this.#wake);
  }

  /**
   * The first jobs that fit into memory beside those being processed and the bodies of those that wait; one alone always does, as larger
   * ones are rejected.
   */
  #fitting(jobs: readonly Job[]): readonly Job[] {
    let bytes = this.#batches.activeBytes + this.#bodyBytes;
    // A job's own memory includes its body.
    const over = jobs.findIndex((job) => (bytes += job.memoryBytes - bodyBytesOf(job)) > this.#memoryBytes);
    if (over < 0) return jobs;
    return jobs.slice(0, over === 0 && this.#batches.activeJobs === 0 ? 1 : over);
  }

  #dispatchAfter(afterMs: number): void {
    this.#wake ??= setTimeout(() => {
      this.#wake = undefined;
      this.dispatch();
    }, Math.ceil(afterMs));
  }
}
