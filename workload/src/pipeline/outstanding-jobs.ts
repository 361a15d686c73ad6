/** Jobs that were accepted and have no outcome yet, oldest first. Draining waits until there are none. */
import type { Job, Outcome } from "./job.ts";

export class OutstandingJobs {
  readonly #jobs = new Map<number, Job>();
  readonly #onEmpty = new Set<() => void>();

  get size(): number {
    return this.#jobs.size;
  }

  get(id: number): Job | undefined {
    return this.#jobs.get(id);
  }

  has({ id }: Job): boolean {
    return this.#jobs.has(id);
  }

  add(job: Job): void {
    this.#jobs.set(job.id, job);
  }

  settle(job: Job, outcome: Outcome): void {
    this.#jobs.delete(job.id);
    job.settle(outcome);
    if (this.#jobs.size > 0) return;
    for (const resolve of this.#onEmpty) resolve();
    this.#onEmpty.clear();
  }

  /** Resolves once there are no jobs. */
  async empty(): Promise<void> {
    if (this.#jobs.size > 0) await new Promise<void>((resolve) => this.#onEmpty.add(resolve));
  }

  [Symbol.iterator](): Iterator<Job> {
    return this.#jobs.values();
  }
}
