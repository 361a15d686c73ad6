/**
 * Admission, queue and hand-out to the workers.
 *
 *   process ─▶ header read ─▶ admitted? ─▶ queue ─▶ batch ─▶ worker ─▶ settled
 *                  │ 413,415,422  │ 503       │ 504, client gone  │ 500 (it died)
 */
import { spansItsBuffer } from "../codec/discard.ts";
import type { PictureHeader } from "../codec/header-reading.ts";
import { readPictureHeader } from "../codec/picture-header.ts";
import type { Settings } from "../config/settings.ts";
import type { PictureWork, WorkDone, FixedSize } from "../worker/messages.ts";
import { chooseBatch, type BatchRules } from "./batching.ts";
import type { Finished, Job } from "./job.ts";
import { LoadEstimate } from "./load-estimate.ts";
import type { PipelineObserver } from "./observer.ts";
import { PipelineError } from "./pipeline-error.ts";
import type { Inferred, ModelDescription, Pipeline, Processed, ProcessOptions, RawTensor } from "./pipeline.ts";
import { WorkerPool, type PoolOptions, type PoolWorker, type Ready, type Unusable } from "./worker-pool.ts";

export interface WorkerPipelineOptions {
  readonly settings: Pick<Settings, "accelerator" | "model" | "batch" | "queue" | "requestTimeoutMs" | "limits">;
  readonly workers: number;
  readonly observer: PipelineObserver;
  readonly program?: PoolOptions["program"];
}

/** What one message to a worker carries: on a CPU beyond half a megapixel its fixed cost no longer counts. */
const batchPixels = { cpu: 512 * 1024, cuda: 32 * 1024 * 1024 };

/**
 * What goes through the model together. On a CPU a run of more falls out of the cache: with the bench's tiny model eight
 * pictures of 224x224 took 0.94 ms each in one run and 0.66 ms one by one.
 */
const runPixels = { cpu: 64 * 1024, cuda: batchPixels.cuda };

/** A worker that will soon be free gets its next batch beforehand, so that it never waits for the main thread. */
const sendAheadBelowMs = 10;

interface Lane {
  readonly worker: PoolWorker;
  /** Batches sent and not answered. */
  readonly batches: { readonly jobs: ReadonlySet<Job>; readonly runSize: number }[];
  /** Expected time of one batch. */
  batchMs: number;
}

export class WorkerPipeline implements Pipeline {
  readonly #settings: WorkerPipelineOptions["settings"];
  readonly #observer: PipelineObserver;
  readonly #pool: WorkerPool;
  readonly #lanes = new Map<PoolWorker, Lane>();
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
  #active = 0;
  #draining = false;
  #wake: NodeJS.Timeout | undefined;
  #sweep: NodeJS.Timeout | undefined;

  constructor({ settings, workers, observer, program }: WorkerPipelineOptions) {
    this.#settings = settings;
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
    return this.#active;
  }

  get queued(): number {
    return this.#queue.size;
  }

  get workers(): { readonly total: number; readonly ready: number; readonly restarts: number } {
    return { total: this.#pool.size, ready: this.#lanes.size, restarts: this.#pool.restarts };
  }

  /** Once a worker is ready. Rejects with `ModelUnusable`. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  async process(input: Uint8Array<ArrayBuffer>, options: ProcessOptions, signal?: AbortSignal): Promise<Processed> {
    const header = this.#judge(input);
    const { width, height } = header;
    const bytes = owned(input);
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
    const owning = inputs.map((input) => ({ ...input, bytes: owned(input.bytes) }));
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
    for (const { worker } of this.#lanes.values()) worker.send({ kind: "release-memory" }, []);
  }

  async close(): Promise<void> {
    clearTimeout(this.#wake);
    clearTimeout(this.#sweep);
    await this.#pool.close();
    for (const job of this.#outstanding.values())
      this.#settle(job, new PipelineError("draining", "the processor ended"));
  }

  #judge(input: Uint8Array): PictureHeader {
    const reading = readPictureHeader(input);
    if (reading.kind === "unknown-format") {
      throw this.#refuse(new PipelineError("unsupported-format", "expected JPEG, PNG or WebP"));
    }
    if (reading.kind === "damaged") throw this.#refuse(new PipelineError("undecodable", reading.message));
    const { width, height } = reading.header;
    const { pixels } = this.#settings.limits;
    if (width * height > pixels) {
      const message = `${width}x${height} is ${width * height} pixels, more than ${pixels}`;
      throw this.#refuse(new PipelineError("too-large", message));
    }
    const { width: wantedWidth = width, height: wantedHeight = height } = this.#fixedSize;
    if (width !== wantedWidth || height !== wantedHeight) {
      const message = `the picture is ${width}x${height}, the model takes ${wantedWidth}x${wantedHeight}`;
      throw this.#refuse(new PipelineError("wrong-size", message));
    }
    return reading.header;
  }

  #run(
    work: DistributiveOmit<Job, "id" | "acceptedAt" | "dispatchedAt" | "settle">,
    signal?: AbortSignal,
  ): Promise<Finished> {
    this.#admit();
    if (signal?.aborted === true) throw this.#refuse(new PipelineError("aborted", "the client closed the connection"));
    return new Promise((resolve, reject) => {
      const settle = (outcome: Finished | PipelineError): void => {
        signal?.removeEventListener("abort", abort);
        if (outcome instanceof PipelineError) reject(outcome);
        else resolve(outcome);
      };
      const job: Job = { ...work, id: this.#nextId++, acceptedAt: performance.now(), dispatchedAt: 0, settle };
      const abort = (): void => this.#settle(job, new PipelineError("aborted", "the client closed the connection"));
      signal?.addEventListener("abort", abort, { once: true });
      this.#observer.accepted();
      this.#load.enter(job.pixels);
      this.#outstanding.set(job.id, job);
      this.#queue.add(job);
      this.#armSweep();
      this.#dispatch();
    });
  }

  /** @throws {PipelineError} at once, so that a client can turn to another replica while its request is still young. */
  #admit(): void {
    if (this.#draining) throw this.#refuse(new PipelineError("draining", "the processor is shutting down", 1));
    if (this.#lanes.size === 0) throw this.#refuse(new PipelineError("not-ready", "no worker has the model loaded", 1));
    const { maxDepth, maxWaitMs } = this.#settings.queue;
    const waitMs = this.#load.waitMs(this.#lanes.size);
    const retryAfter = Math.max(1, Math.ceil(waitMs / 1000));
    if (this.#queue.size >= maxDepth) {
      throw this.#refuse(new PipelineError("queue-full", `${this.#queue.size} requests are waiting`, retryAfter));
    }
    if (this.#queue.size > 0 && waitMs > maxWaitMs) {
      const message = `the wait would be ${Math.round(waitMs)} ms, more than ${maxWaitMs} ms`;
      throw this.#refuse(new PipelineError("queue-full", message, retryAfter));
    }
  }

  #refuse(error: PipelineError): PipelineError {
    this.#observer.failed(error.kind);
    return error;
  }

  #dispatch(): void {
    while (this.#queue.size > 0) {
      const lane = this.#nextLane();
      if (lane === undefined) return;
      const freeWorkers = [...this.#lanes.values()].filter(({ batches }) => batches.length === 0).length;
      const situation = { now: performance.now(), freeWorkers: Math.max(1, freeWorkers), busy: this.#active > 0 };
      const choice = chooseBatch(this.#queue, this.#queue.size, this.#rules(), situation);
      if (choice.kind === "nothing") return;
      if (choice.kind === "wait") return this.#wakeAfter(choice.afterMs);
      this.#send(lane, choice.jobs);
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

  /** A worker without work, else the one that will be free so soon that its next batch should be there. */
  #nextLane(): Lane | undefined {
    let ahead: Lane | undefined;
    for (const lane of this.#lanes.values()) {
      if (lane.batches.length === 0) return lane;
      if (lane.batches.length === 1 && lane.batchMs < sendAheadBelowMs) ahead ??= lane;
    }
    return ahead;
  }

  #wakeAfter(afterMs: number): void {
    this.#wake ??= setTimeout(() => {
      this.#wake = undefined;
      this.#dispatch();
    }, Math.ceil(afterMs));
  }

  #send(lane: Lane, jobs: readonly Job[]): void {
    const now = performance.now();
    for (const job of jobs) {
      this.#queue.delete(job);
      job.dispatchedAt = now;
    }
    const [first] = jobs;
    const runSize = Math.max(1, Math.floor(runPixels[this.#settings.accelerator] / (first?.pixels ?? 1)));
    lane.batches.push({ jobs: new Set(jobs), runSize });
    this.#active += jobs.length;
    if (first?.kind === "tensors") {
      const { id, inputs } = first;
      lane.worker.send(
        { kind: "tensors", id, inputs },
        inputs.map(({ bytes }) => bytes.buffer),
      );
      return;
    }
    const pictures = jobs.filter((job) => job.kind === "picture");
    const works: PictureWork[] = pictures.map(({ id, bytes, options }) => ({ id, bytes, options }));
    const headers = pictures.map(({ header }) => header);
    lane.worker.send(
      { kind: "pictures", runSize, headers, works },
      works.map(({ bytes }) => bytes.buffer),
    );
  }

  #onReady(worker: PoolWorker, { model, fixedSize, largestBatch }: Ready): void {
    this.#model ??= model;
    this.#fixedSize = fixedSize;
    this.#largestBatch = largestBatch;
    this.#lanes.set(worker, { worker, batches: [], batchMs: Number.POSITIVE_INFINITY });
    this.#started.resolve();
    this.#dispatch();
  }

  #onDone(worker: PoolWorker, results: readonly WorkDone[], last: boolean, busyMs: number): void {
    const lane = this.#lanes.get(worker);
    const batch = lane?.batches[0];
    if (lane === undefined || batch === undefined) return;
    if (last) {
      const { jobs, runSize } = batch;
      const pixels = [...jobs].reduce((sum, job) => sum + job.pixels, 0);
      this.#load.learn(pixels, busyMs);
      lane.batchMs = busyMs;
      lane.batches.shift();
      this.#active -= jobs.size;
      for (let left = jobs.size; left > 0; left -= runSize) {
        this.#observer.batch(Math.min(left, runSize), (busyMs * Math.min(left, runSize)) / jobs.size);
      }
      // Before the answers are written: the worker is idle until then.
      this.#dispatch();
    }
    for (const result of results) {
      const job = this.#outstanding.get(result.id);
      if (job !== undefined) this.#settle(job, outcomeOf(result, job));
    }
  }

  #onDied(worker: PoolWorker, reason: string): void {
    const lane = this.#lanes.get(worker);
    this.#lanes.delete(worker);
    this.#observer.workerDied(reason);
    for (const { jobs } of lane?.batches ?? []) {
      this.#active -= jobs.size;
      for (const job of jobs) this.#settle(job, new PipelineError("worker-died", `the worker died: ${reason}`));
    }
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
      if (this.#outstanding.size > 0 || this.#active > 0) this.#armSweep();
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
    for (const { worker, batches } of this.#lanes.values()) {
      const [oldest] = batches[0]?.jobs ?? [];
      if (oldest !== undefined && oldest.dispatchedAt < latest - timeoutMs) worker.kill();
    }
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** The processor can't work at all; its message is one line. */
class ModelUnusable extends Error {
  readonly reason: Unusable["reason"];

  constructor({ reason, message }: Unusable) {
    super(message.replaceAll(/\s+/g, " "));
    this.name = "ModelUnusable";
    this.reason = reason;
  }
}

function sweepMs(timeoutMs: number): number {
  return Math.min(250, Math.max(10, timeoutMs / 4));
}

/** Memory that can be handed over: a view of a part of it would take the rest along. */
function owned(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return spansItsBuffer(bytes) ? bytes : new Uint8Array(bytes);
}

function outcomeOf(result: WorkDone, job: Job): Finished | PipelineError {
  if (result.kind === "failed") return new PipelineError(result.error, result.message);
  return { done: result, queueMs: job.dispatchedAt - job.acceptedAt };
}

function timingsOf({ done, queueMs }: Finished) {
  if (done.kind === "tensors") return { queue: queueMs, decode: 0, inference: done.inference, encode: 0 };
  return { queue: queueMs, decode: done.decode, inference: done.inference, encode: done.encode };
}
