/** Which batches each worker was sent and has not finished. */
import { runSize } from "../core/grouping.ts";
import type { Accelerator } from "../core/tensor.ts";
import type { PictureTask } from "../worker/messages.ts";
import type { Job } from "./job.ts";
import type { PoolWorker } from "./worker-pool.ts";

/** A worker that finishes this soon gets its next batch in advance, so that it never waits for the main thread. */
const sendAheadBelowMs = 10;

/**
 * The most kinds of work that count as new to a worker. After them its code is compiled and its memory allocated, and pictures that are all
 * of different sizes must not stay without an estimate of their wait.
 */
const mostNewKinds = 16;

export interface Batch {
  readonly jobs: ReadonlySet<Job>;
  readonly runSize: number;
  /** Whether a kind of work was new to the worker, so that the batch takes longer than later ones. */
  isFirst: boolean;
}

interface Assignment {
  readonly worker: PoolWorker;
  /** Oldest first: the worker processes them in this order. */
  readonly batches: Batch[];
  /** The first kinds of work that it was sent. */
  readonly kinds: Set<string>;
  /** Time that the last batch took. */
  batchMs: number;
}

export class WorkerBatches {
  readonly #accelerator: Accelerator;
  readonly #assignments = new Map<PoolWorker, Assignment>();
  #activeJobs = 0;
  #activeBytes = 0;

  constructor(accelerator: Accelerator) {
    this.#accelerator = accelerator;
  }

  /** Workers that have loaded the model. */
  get workers(): number {
    return this.#assignments.size;
  }

  /** Workers without work. */
  get freeWorkers(): number {
    let count = 0;
    for (const { batches } of this.#assignments.values()) if (batches.length === 0) count++;
    return count;
  }

  /** Jobs that were sent to a worker and are not finished. */
  get activeJobs(): number {
    return this.#activeJobs;
  }

  /** Memory at the peak of the active jobs. */
  get activeBytes(): number {
    return this.#activeBytes;
  }

  addWorker(worker: PoolWorker): void {
    this.#assignments.set(worker, { worker, batches: [], kinds: new Set(), batchMs: Number.POSITIVE_INFINITY });
  }

  /** Returns the jobs that the worker will not finish. */
  removeWorker(worker: PoolWorker): Job[] {
    const jobs = this.#assignments.get(worker)?.batches.flatMap(({ jobs: all }) => [...all]) ?? [];
    this.#assignments.delete(worker);
    this.#activeJobs -= jobs.length;
    for (const { memoryBytes } of jobs) this.#activeBytes -= memoryBytes;
    return jobs;
  }

  /** Returns a worker without work, or else one that will be free soon. */
  nextWorker(): PoolWorker | undefined {
    let soonFree: PoolWorker | undefined;
    for (const { worker, batches, batchMs } of this.#assignments.values()) {
      if (batches.length === 0) return worker;
      if (batches.length === 1 && batchMs < sendAheadBelowMs) soonFree ??= worker;
    }
    return soonFree;
  }

  /** Sends the jobs and transfers their memory. */
  send(worker: PoolWorker, jobs: readonly Job[]): void {
    const [first] = jobs;
    const size = runSize(first?.pixels ?? 1, this.#accelerator);
    const assignment = this.#assignments.get(worker);
    const isFirst = assignment !== undefined && hasNew(jobs, assignment.kinds);
    assignment?.batches.push({ jobs: new Set(jobs), runSize: size, isFirst });
    this.#activeJobs += jobs.length;
    for (const { memoryBytes } of jobs) this.#activeBytes += memoryBytes;
    if (first?.kind === "tensors") {
      const { id, inputs } = first;
      worker.send(
        { kind: "tensors", id, inputs },
        inputs.map(({ bytes }) => bytes.buffer),
      );
      return;
    }
    if (first?.kind === "frame") {
      const frames = jobs.filter((job) => job.kind === "frame").map(({ id, bytes }) => ({ id, bytes }));
      worker.send(
        { kind: "frames", runSize: size, size: first.size, tasks: frames },
        frames.map(({ bytes }) => bytes.buffer),
      );
      return;
    }
    const pictures = jobs.filter((job) => job.kind === "picture");
    const tasks: PictureTask[] = pictures.map(({ id, bytes, options }) => ({ id, bytes, options }));
    const headers = pictures.map(({ header }) => header);
    worker.send(
      { kind: "pictures", runSize: size, headers, tasks },
      tasks.map(({ bytes }) => bytes.buffer),
    );
  }

  /** The worker's oldest batch has had runs on a GPU of a shape that the worker had not run before. */
  ranCold(worker: PoolWorker): void {
    const oldest = this.#assignments.get(worker)?.batches[0];
    if (oldest !== undefined) oldest.isFirst = true;
  }

  /** Removes and returns the worker's oldest batch, which took `busyMs`. */
  finish(worker: PoolWorker, busyMs: number): Batch | undefined {
    const assignment = this.#assignments.get(worker);
    const batch = assignment?.batches.shift();
    if (assignment === undefined || batch === undefined) return undefined;
    assignment.batchMs = busyMs;
    this.#activeJobs -= batch.jobs.size;
    for (const { memoryBytes } of batch.jobs) this.#activeBytes -= memoryBytes;
    return batch;
  }

  releaseMemory(): void {
    for (const worker of this.#assignments.keys()) worker.send({ kind: "release-memory" }, []);
  }

  /** Gives up the workers that have had their oldest job for twice its timeout: they will not finish it. */
  giveUpStuck(now: number): void {
    for (const { worker, batches } of this.#assignments.values()) {
      const [oldest] = batches[0]?.jobs ?? [];
      if (oldest !== undefined && now - oldest.dispatchedAt > 2 * oldest.timeoutMs) worker.giveUp();
    }
  }
}

/** Whether any of the jobs is of a kind that is not in `kinds`; adds those that are not. */
function hasNew(jobs: readonly Job[], kinds: Set<string>): boolean {
  const before = kinds.size;
  for (const job of jobs) if (kinds.size < mostNewKinds) kinds.add(kindOfWork(job));
  return kinds.size > before;
}

/** By the codecs, too: the first PNG loads libvips, which takes as long as a hundred small pictures. */
function kindOfWork(job: Job): string {
  if (job.kind === "picture") return `${job.header.format} ${job.options.format} ${job.shape}`;
  return job.shape ?? job.kind;
}
