/**
 * Admission, queue and hand-out to the workers.
 *
 *   process ─▶ header read ─▶ admitted? ─▶ queue ─▶ batch ─▶ worker ─▶ settled
 *                  │ 413,415,422  │ 503       │ 504, client gone  │ 500 (it died)
 */
import { transferable } from "../work/buffers.ts";
import type { Settings } from "../config/settings.ts";
import type { WorkDone, FixedSize } from "../worker/messages.ts";
import { admit, judgePicture, type Crowd } from "./admission.ts";
import { chooseBatch, type BatchRules } from "./batching.ts";
import { outcomeOf, timingsOf, type Finished, type Job } from "./job.ts";
import { Lanes, type Batch } from "./lanes.ts";
import { LoadEstimate } from "./load-estimate.ts";
import { ModelUnusable } from "./model-unusable.ts";
import type { PipelineObserver } from "../work/observer.ts";
import { PipelineError } from "../work/pipeline-error.ts";
import type { Inferred, Pipeline, Processed } from "./pipeline.ts";
import type { ModelDescription, RawTensor } from "../work/tensor.ts";
import type { ProcessOptions } from "../work/picture.ts";
import { WorkerPool, type PoolOptions, type PoolWorker, type Ready } from "./worker-pool.ts";

export interface WorkerPipelineOptions {
  readonly settings: Pick<Settings, "accelerator" | "model" | "batch" | "queue" | "requestTimeoutMs" | "limits">;
  readonly workers: number;
  readonly observer: PipelineObserver;
  readonly program?: PoolOptions["program"];
}

/** What one message to a worker carries: on a CPU beyond half a megapixel its fixed cost no longer counts. */
const batchPixels = { cpu: 512 * 1024, cuda: 32 * 1024 * 1024 };

export class WorkerPipeline implements Pipeline {
  readonly #settings: WorkerPipelineOptions["settings"];
  readonly #observer: PipelineObserver;
  readonly #pool: WorkerPool;
  readonly #lanes: Lanes;
  readonly #queue = new Set<Job>();
  /** Accepted and not settled, the oldest first. */
  readonly #outstanding = new Map<number, Job>();
  readonly #load = new LoadEstimate();
  readonly #idle = new Set<() => void>();
  readonly #started = Promise.withResolvers<void>();
  #model: ModelDescription | undefined;
  #fixedSize: FixedSize = { width: undefined, height: undefined };
  #largestBatch = 1;
  #nextId = 0;
  #draining = false;
  #wake: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor({ settings, workers, observer, program }: WorkerPipelineOptions) {
    this.#settings = settings;
    this.#lanes = new Lanes(settings.accelerator);
    this.#observer = observer;
    const { accelerator, model, batch } = settings;
    this.#started.promise.catch(() => undefined);
    this.#pool = new WorkerPool({
      size: workers,
      setup: {
        modelName: model.name,
        modelFile: model.file,
        receptiveRadius: model.receptiveRadius,
        accelerator,
        largestBatch: batch.maxSize,
      },
      ...(program === undefined ? {} : { program }),
      listener: {
        ready: (worker, ready) => this.#onReady(worker, ready),
        done: (worker, results, last, busyMs) => this.#onDone(worker, results, last, busyMs),
        died: (worker, reason) => this.#onDied(worker, reason),
        unusable: (_worker, unusable) => this.#started.reject(new ModelUnusable(unusable)),
      },
    });
  }

  get model(): ModelDescription | undefined {
    return this.#model;
  }

  get ready(): boolean {
    return this.#lanes.size > 0 && !this.#draining;
  }

  /** Requests with a worker. */
  get active(): number {
    return this.#lanes.active;
  }

  get queued(): number {
    return this.#queue.size;
  }

  get workers(): { readonly total: number; readonly ready: number; readonly restarts: number } {
    return { total: this.#pool.size, ready: this.#lanes.size, restarts: this.#pool.restarts };
  }

  get heldForMs(): number {
    return this.#pool.heldForMs;
  }

  /** Once a worker is ready. Rejects with `ModelUnusable`. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  checkAdmission(): void {
    this.#counted(() => admit(this.#crowd(), this.#settings.queue));
  }

  async process(input: Uint8Array<ArrayBuffer>, options: ProcessOptions, signal?: AbortSignal): Promise<Processed> {
    const header = this.#counted(() => judgePicture(input, this.#settings.limits.pixels, this.#fixedSize));
    const { width, height } = header;
    const bytes = transferable(input);
    const shape = `${width}x${height}`;
    const job = { kind: "picture" as const, header, bytes, options, shape, pixels: width * height };
    const { done, queueMs } = await this.#run(job, signal);
    if (done.kind !== "picture") throw new PipelineError("inference-failed", "a worker answered something else");
    const timings = { queue: queueMs, decode: done.decode, inference: done.inference, encode: done.encode };
    return {
      body: done.body,
      format: options.format,
      width: done.width,
      height: done.height,
      timings,
      batchSize: done.batchSize,
    };
  }

  async infer(inputs: readonly RawTensor[], signal?: AbortSignal): Promise<Inferred> {
    const owning = inputs.map((input) => ({ ...input, bytes: transferable(input.bytes) }));
    const pixels = Math.ceil(owning.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) / 3);
    const { done, queueMs } = await this.#run({ kind: "tensors", inputs: owning, shape: null, pixels }, signal);
    if (done.kind !== "tensors") throw new PipelineError("inference-failed", "a worker answered something else");
    return { outputs: done.outputs, timings: { queue: queueMs, inference: done.inference } };
  }

  /** New requests are refused from now on; settles when all others have been answered. */
  async drain(): Promise<void> {
    this.#draining = true;
    if (this.#outstanding.size > 0) await new Promise<void>((resolve) => this.#idle.add(resolve));
  }

  /** Has the workers give back what they keep for the next picture; does nothing while there is work. */
  releaseMemory(): void {
    if (this.#outstanding.size > 0) return;
    this.#lanes.releaseMemory();
  }

  async close(): Promise<void> {
    clearTimeout(this.#wake);
    clearTimeout(this.#sweep);
    await this.#pool.close();
    for (const job of this.#outstanding.values())
      this.#settle(job, new PipelineError("draining", "the processor ended"));
  }

  #run(
    work: DistributiveOmit<Job, "id" | "acceptedAt" | "dispatchedAt" | "settle">,
    signal?: AbortSignal,
  ): Promise<Finished> {
    this.checkAdmission();
    this.#counted(() => {
      if (signal?.aborted === true) throw new PipelineError("aborted", "the client closed the connection");
    });
    return new Promise((resolve, reject) => {
      const settle = (outcome: Finished | PipelineError): void => {
        signal?.removeEventListener("abort", abort);
        if (outcome instanceof PipelineError) reject(outcome);
        else resolve(outcome);
      };
      const job: Job = { ...work, id: this.#nextId++, acceptedAt: performance.now(), dispatchedAt: 0, settle };
      const abort = (): void => this.#settle(job, new PipelineError("aborted", "the client closed the connection"));
      signal?.addEventListener("abort", abort, { once: true });
      this.#load.enter(job.pixels);
      this.#outstanding.set(job.id, job);
      this.#queue.add(job);
      this.#armSweep();
      this.#dispatch();
    });
  }

  #crowd(): Crowd {
    const workers = this.#lanes.size;
    return { draining: this.#draining, workers, queued: this.#queue.size, waitMs: this.#load.waitMs(workers) };
  }

  /** Whoever is refused is counted too. */
  #counted<T>(judge: () => T): T {
    try {
      return judge();
    } catch (error) {
      if (error instanceof PipelineError) this.#observer.failed(error.kind);
      throw error;
    }
  }

  #dispatch(): void {
    while (this.#queue.size > 0) {
      const worker = this.#lanes.next();
      if (worker === undefined) return;
      const { free, active } = this.#lanes;
      const situation = { now: performance.now(), freeWorkers: Math.max(1, free), busy: active > 0 };
      const choice = chooseBatch(this.#queue, this.#queue.size, this.#rules(), situation);
      if (choice.kind === "nothing") return;
      if (choice.kind === "wait") return this.#wakeAfter(choice.afterMs);
      this.#send(worker, choice.jobs);
    }
  }

  #rules(): BatchRules {
    const { maxSize, maxDelayMs } = this.#settings.batch;
    return {
      maxSize: Math.min(maxSize, this.#largestBatch),
      maxDelayMs,
      maxPixels: batchPixels[this.#settings.accelerator],
    };
  }

  #wakeAfter(afterMs: number): void {
    this.#wake ??= setTimeout(() => {
      this.#wake = undefined;
      this.#dispatch();
    }, Math.ceil(afterMs));
  }

  #send(worker: PoolWorker, jobs: readonly Job[]): void {
    const now = performance.now();
    for (const job of jobs) {
      this.#queue.delete(job);
      job.dispatchedAt = now;
    }
    this.#lanes.send(worker, jobs);
  }

  #onReady(worker: PoolWorker, { model, fixedSize, largestBatch }: Ready): void {
    if (this.#model === undefined) this.#observer.modelLoaded(model);
    this.#model ??= model;
    this.#fixedSize = fixedSize;
    this.#largestBatch = largestBatch;
    this.#lanes.open(worker);
    this.#started.resolve();
    this.#dispatch();
  }

  #onDone(worker: PoolWorker, results: readonly WorkDone[], last: boolean, busyMs: number): void {
    if (last) {
      const batch = this.#lanes.done(worker, busyMs);
      if (batch === undefined) return;
      this.#learn(batch, busyMs);
      // Before the answers are written: the worker is idle until then.
      this.#dispatch();
    }
    for (const result of results) {
      const job = this.#outstanding.get(result.id);
      if (job !== undefined) this.#settle(job, outcomeOf(result, job));
    }
  }

  #learn({ jobs, runSize }: Batch, busyMs: number): void {
    let pixels = 0;
    for (const job of jobs) pixels += job.pixels;
    this.#load.learn(jobs.size, pixels, busyMs);
    for (let left = jobs.size; left > 0; left -= runSize) {
      this.#observer.batch(Math.min(left, runSize), (busyMs * Math.min(left, runSize)) / jobs.size);
    }
  }

  #onDied(worker: PoolWorker, reason: string): void {
    const lost = this.#lanes.close(worker);
    this.#observer.workerDied(reason);
    for (const job of lost) this.#settle(job, new PipelineError("worker-died", `the worker died: ${reason}`));
  }

  #settle(job: Job, outcome: Finished | PipelineError): void {
    if (!this.#outstanding.delete(job.id)) return;
    this.#queue.delete(job);
    this.#load.leave(job.pixels);
    if (outcome instanceof PipelineError) this.#observer.failed(outcome.kind);
    else this.#observer.finished(timingsOf(outcome), performance.now() - job.acceptedAt);
    job.settle(outcome);
    if (this.#outstanding.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  /** One timer for all deadlines: they come in the order of arrival. */
  #armSweep(): void {
    this.#sweep ??= setTimeout(() => {
      this.#sweep = undefined;
      this.#expire();
      if (this.#outstanding.size > 0 || this.active > 0) this.#armSweep();
    }, sweepMs(this.#settings.requestTimeoutMs));
  }

  #expire(): void {
    const timeoutMs = this.#settings.requestTimeoutMs;
    const latest = performance.now() - timeoutMs;
    for (const job of this.#outstanding.values()) {
      if (job.acceptedAt > latest) return;
      this.#settle(job, new PipelineError("deadline", `not done after ${timeoutMs} ms`));
    }
    // What a worker has had for twice that long it will not finish: it is stuck.
    this.#lanes.giveUpStuck(latest - timeoutMs);
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function sweepMs(timeoutMs: number): number {
  return Math.min(250, Math.max(10, timeoutMs / 4));
}
