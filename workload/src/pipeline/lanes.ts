/** Which worker has what: one lane each, with the batches that it was sent and has not answered. */
import type { Accelerator } from "../work/tensor.ts";
import type { PictureWork } from "../worker/messages.ts";
import type { Job } from "./job.ts";
import type { PoolWorker } from "./worker-pool.ts";

/**
 * What goes through the model together. On a CPU a run of more falls out of the cache: with the bench's tiny model eight
 * pictures of 224x224 took 0.94 ms each in one run and 0.66 ms one by one.
 */
const runPixels = { cpu: 64 * 1024, cuda: 32 * 1024 * 1024 };

/** A worker that will soon be free gets its next batch beforehand, so that it never waits for the main thread. */
const sendAheadBelowMs = 10;

export interface Batch {
  readonly jobs: ReadonlySet<Job>;
  readonly runSize: number;
}

interface Lane {
  readonly worker: PoolWorker;
  readonly batches: Batch[];
  /** Expected time of one batch. */
  batchMs: number;
}

export class Lanes {
  readonly #runPixels: number;
  readonly #lanes = new Map<PoolWorker, Lane>();
  #active = 0;

  constructor(accelerator: Accelerator) {
    this.#runPixels = runPixels[accelerator];
  }

  /** Workers that have the model loaded. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Workers without work. */
  get free(): number {
    let count = 0;
    for (const { batches } of this.#lanes.values()) if (batches.length === 0) count++;
    return count;
  }

  /** Jobs with a worker. */
  get active(): number {
    return this.#active;
  }

  open(worker: PoolWorker): void {
    this.#lanes.set(worker, { worker, batches: [], batchMs: Number.POSITIVE_INFINITY });
  }

  /** The worker has died: what it had and will not answer. */
  close(worker: PoolWorker): Job[] {
    const jobs = this.#lanes.get(worker)?.batches.flatMap(({ jobs: all }) => [...all]) ?? [];
    this.#lanes.delete(worker);
    this.#active -= jobs.length;
    return jobs;
  }

  /** A worker without work, else the one that will be free so soon that its next batch should be there. */
  next(): PoolWorker | undefined {
    let ahead: PoolWorker | undefined;
    for (const { worker, batches, batchMs } of this.#lanes.values()) {
      if (batches.length === 0) return worker;
      if (batches.length === 1 && batchMs < sendAheadBelowMs) ahead ??= worker;
    }
    return ahead;
  }

  /** Hands the jobs over, with the memory that they are in. */
  send(worker: PoolWorker, jobs: readonly Job[]): void {
    const [first] = jobs;
    const runSize = Math.max(1, Math.floor(this.#runPixels / (first?.pixels ?? 1)));
    this.#lanes.get(worker)?.batches.push({ jobs: new Set(jobs), runSize });
    this.#active += jobs.length;
    if (first?.kind === "tensors") {
      const { id, inputs } = first;
      worker.send(
        { kind: "tensors", id, inputs },
        inputs.map(({ bytes }) => bytes.buffer),
      );
      return;
    }
    const pictures = jobs.filter((job) => job.kind === "picture");
    const works: PictureWork[] = pictures.map(({ id, bytes, options }) => ({ id, bytes, options }));
    const headers = pictures.map(({ header }) => header);
    worker.send(
      { kind: "pictures", runSize, headers, works },
      works.map(({ bytes }) => bytes.buffer),
    );
  }

  /** The oldest batch of the worker is done, after so long. */
  done(worker: PoolWorker, busyMs: number): Batch | undefined {
    const lane = this.#lanes.get(worker);
    const batch = lane?.batches.shift();
    if (lane === undefined || batch === undefined) return undefined;
    lane.batchMs = busyMs;
    this.#active -= batch.jobs.size;
    return batch;
  }

  releaseMemory(): void {
    for (const worker of this.#lanes.keys()) worker.send({ kind: "release-memory" }, []);
  }

  /** Gives up workers that have had a job since before `dispatchedAt`. */
  giveUpStuck(dispatchedAt: number): void {
    for (const { worker, batches } of this.#lanes.values()) {
      const [oldest] = batches[0]?.jobs ?? [];
      if (oldest !== undefined && oldest.dispatchedAt < dispatchedAt) worker.giveUp();
    }
  }
}
