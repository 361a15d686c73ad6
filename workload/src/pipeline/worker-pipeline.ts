/**
 * The pipeline on worker threads: admission, queue, dispatch, outcome.
 *
 *   process ─▶ check picture ─▶ admit ─▶ queue ─▶ batch ─▶ worker ─▶ settle
 *                │ 413, 415, 422  │ 503    │ 504, aborted      │ 500 (worker died)
 */
import type { Settings } from "../config/settings.ts";
import { transferable } from "../core/buffers.ts";
import { batchPixels } from "../core/grouping.ts";
import type { PipelineObserver } from "../core/observer.ts";
import type { ModelContract } from "../core/model-contract.ts";
import type { ProcessOptions } from "../core/picture.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import type { ModelDescription, RawTensor } from "../core/tensor.ts";
import { tileRules } from "../core/tile-rules.ts";
import { pixelsPerTile, tilesOf, type TileRules } from "../core/tiles.ts";
import type { VideoFrame } from "../core/video-frame.ts";
import { Accounting } from "./accounting.ts";
import { admit, checkFrame, checkMemory, checkPicture, checkTensors, formatThatHolds, notReady } from "./admission.ts";
import { Deadlines, timeoutOf } from "./deadlines.ts";
import { DispatchQueue } from "./dispatch-queue.ts";
import { outcomeOf, timingsOf, type Finished, type Job, type JobRequest, type Outcome } from "./job.ts";
import { OutstandingJobs } from "./outstanding-jobs.ts";
import { frameMemoryBytes, memoryBudget, pictureBytes, tensorBytes, type MemoryBudget } from "./picture-memory.ts";
import type { Inferred, Pipeline, Processed, ProcessedFrame } from "./pipeline.ts";
import { WorkerBatches } from "./worker-batches.ts";
import { ModelUnusable, WorkerPool, type Done, type PoolOptions, type PoolWorker, type Ready } from "./worker-pool.ts";

export interface WorkerPipelineOptions {
  readonly settings: Pick<Settings, "accelerator" | "model" | "batch" | "queue" | "requestTimeoutMs" | "limits">;
  readonly workers: number;
  /** Of the container. */
  readonly memoryBytes: number;
  readonly observer: PipelineObserver;
  readonly program?: PoolOptions["program"];
}

/** What a picture takes in the model. */
interface Learned {
  readonly contract: ModelContract;
  readonly rules: TileRules;
}

export class WorkerPipeline implements Pipeline {
  readonly #settings: WorkerPipelineOptions["settings"];
  readonly #observer: PipelineObserver;
  readonly #memory: MemoryBudget;
  readonly #pool: WorkerPool;
  readonly #batches: WorkerBatches;
  readonly #queue: DispatchQueue;
  readonly #outstanding = new OutstandingJobs();
  readonly #deadlines: Deadlines;
  readonly #accounting: Accounting;
  readonly #started = Promise.withResolvers<void>();
  readonly #failed = Promise.withResolvers<string>();
  #model: ModelDescription | undefined;
  #largestBatch = 1;
  #learned: Learned | undefined;
  #nextId = 0;
  #draining = false;

  constructor({ settings, workers, memoryBytes, observer, program }: WorkerPipelineOptions) {
    const { accelerator, model, batch, requestTimeoutMs } = settings;
    this.#settings = settings;
    this.#observer = observer;
    this.#accounting = new Accounting(observer);
    this.#memory = memoryBudget(memoryBytes, workers);
    this.#batches = new WorkerBatches(accelerator);
    this.#queue = new DispatchQueue(this.#batches, this.#memory.pictureBytes, () => ({
      maxSize: Math.min(this.#settings.batch.maxSize, this.#largestBatch),
      maxDelayMs: this.#settings.batch.maxDelayMs,
      maxPixels: batchPixels[accelerator],
    }));
    this.#deadlines = new Deadlines({
      timeoutMs: requestTimeoutMs,
      outstanding: this.#outstanding,
      batches: this.#batches,
      fail: (job, error) => this.#settle(job, error),
    });
    this.#started.promise.catch(() => undefined);
    this.#pool = new WorkerPool({
      size: workers,
      setup: {
        modelName: model.name,
        modelFile: model.file,
        modelOptions: model.options,
        receptiveRadius: model.receptiveRadius,
        accelerator,
        largestBatch: batch.maxSize,
      },
      ...(program === undefined ? {} : { program }),
      listener: {
        ready: (worker, ready) => this.#onReady(worker, ready),
        done: (worker, done) => this.#onDone(worker, done),
        died: (worker, reason) => this.#onDied(worker, reason),
        unusable: (_worker, unusable) => this.#started.reject(new ModelUnusable(unusable)),
        failed: (reason) => this.#failed.resolve(reason),
      },
    });
  }

  get model(): ModelDescription | undefined {
    return this.#model;
  }

  get ready(): boolean {
    return this.#batches.workers > 0 && !this.#draining;
  }

  /** Requests that a worker is processing. */
  get active(): number {
    return this.#batches.activeJobs;
  }

  get queued(): number {
    return this.#queue.size;
  }

  get workers(): { readonly total: number; readonly ready: number; readonly restarts: number } {
    return { total: this.#pool.size, ready: this.#batches.workers, restarts: this.#pool.restarts };
  }

  get stuckForMs(): number {
    return this.#pool.stuckForMs;
  }

  /** Resolves once a worker is ready. Rejects with `ModelUnusable`. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Resolves with the reason once no worker can succeed any more: only a new process may. */
  get failed(): Promise<string> {
    return this.#failed.promise;
  }

  checkAdmission(): void {
    const { workers } = this.#batches;
    const waitMs = this.#accounting.waitMs(workers);
    const { size: queued, bodyBytes: queuedBytes } = this.#queue;
    const state = { draining: this.#draining, workers, queued, queuedBytes, waitMs };
    this.#accounting.checked(() => admit(state, { ...this.#settings.queue, maxBytes: this.#memory.bodyBytes }));
  }

  async process(input: Uint8Array<ArrayBuffer>, options: ProcessOptions, signal?: AbortSignal): Promise<Processed> {
    const { limits } = this.#settings;
    const header = this.#accounting.checked(() => checkPicture(input, limits.pixels));
    const { width, height } = header;
    const { contract, rules } = this.#loaded();
    const tiles = tilesOf(header, rules);
    const needed = pictureBytes({ ...header, fileBytes: input.byteLength, tiles }, contract);
    const format = this.#accounting.checked(() =>
      formatThatHolds(header, contract.scale, options.formats, needed, this.#memory),
    );
    const bytes = transferable(input);
    const request = {
      header,
      bytes,
      options: { format, quality: options.quality },
      shape: `${width}x${height}`,
      // What the model computes: a small picture in a model of a fixed size costs as much as a large one.
      pixels: tiles.length * pixelsPerTile(tiles),
    };
    const finished = await this.#run({ kind: "picture", ...request }, needed(format), signal);
    const { result } = finished;
    if (result.kind !== "picture") throw unexpectedResult();
    return {
      body: result.body,
      format,
      width: result.width,
      height: result.height,
      timings: timingsOf(finished),
      warnings: result.warnings,
      batchSize: result.batchSize,
      frames: header.frames,
    };
  }

  async processFrame(frame: VideoFrame, signal?: AbortSignal): Promise<ProcessedFrame> {
    const { width, height } = frame;
    const { contract, rules } = this.#loaded();
    const tiles = tilesOf(frame, rules);
    const memoryBytes = frameMemoryBytes(frame, tiles, contract);
    this.#accounting.checked(() => {
      checkFrame(frame, this.#settings.limits.pixels);
      checkMemory(memoryBytes, this.#memory);
    });
    const request = {
      size: { width, height },
      bytes: transferable(frame.bytes),
      shape: `frame ${width}x${height}`,
      pixels: tiles.length * pixelsPerTile(tiles),
    };
    const finished = await this.#run({ kind: "frame", ...request }, memoryBytes, signal);
    const { result } = finished;
    if (result.kind !== "frame") throw unexpectedResult();
    return { bytes: result.bytes, width: result.width, height: result.height, timings: timingsOf(finished) };
  }

  async infer(tensors: readonly RawTensor[], signal?: AbortSignal): Promise<Inferred> {
    const memoryBytes = tensorBytes(tensors, this.#loaded().contract.scale);
    this.#accounting.checked(() => {
      checkTensors(tensors, this.#settings.limits.pixels);
      checkMemory(memoryBytes, this.#memory);
    });
    const inputs = tensors.map((tensor) => ({ ...tensor, bytes: transferable(tensor.bytes) }));
    const pixels = Math.ceil(inputs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0) / 3);
    const { result, queueMs } = await this.#run({ kind: "tensors", inputs, shape: null, pixels }, memoryBytes, signal);
    if (result.kind !== "tensors") throw unexpectedResult();
    return { outputs: result.outputs, timings: { queue: queueMs, inference: result.inference } };
  }

  /** Rejects new requests from now on; resolves when all accepted ones have an outcome. */
  async drain(): Promise<void> {
    this.#draining = true;
    await this.#outstanding.empty();
  }

  /** Makes the workers release the buffers that they reuse; does nothing while there is work. */
  releaseMemory(): void {
    if (this.#outstanding.size === 0) this.#batches.releaseMemory();
  }

  async close(): Promise<void> {
    this.#queue.close();
    this.#deadlines.close();
    await this.#pool.close();
    for (const job of this.#outstanding) {
      this.#settle(job, new PipelineError("draining", "the processor has shut down"));
    }
  }

  /** @throws {PipelineError} before the first worker is ready */
  #loaded(): Learned {
    return this.#accounting.checked(() => {
      if (this.#learned === undefined) throw notReady();
      return this.#learned;
    });
  }

  #run(request: JobRequest, memoryBytes: number, signal?: AbortSignal): Promise<Finished> {
    this.checkAdmission();
    this.#accounting.checked(() => {
      if (signal?.aborted === true) throw aborted();
    });
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome): void => {
        signal?.removeEventListener("abort", abort);
        if (outcome instanceof PipelineError) reject(outcome);
        else resolve(outcome);
      };
      const timeoutMs = timeoutOf(request.pixels, this.#settings.requestTimeoutMs);
      const id = this.#nextId++;
      const job: Job = {
        ...request,
        id,
        memoryBytes,
        timeoutMs,
        acceptedAt: performance.now(),
        dispatchedAt: 0,
        settle,
      };
      const abort = (): void => this.#settle(job, aborted());
      signal?.addEventListener("abort", abort, { once: true });
      this.#accounting.accepted(job);
      this.#outstanding.add(job);
      this.#deadlines.start();
      this.#queue.add(job);
    });
  }

  #onReady(worker: PoolWorker, { model, learned, largestBatch }: Ready): void {
    if (this.#model === undefined) this.#observer.modelLoaded(model, learned.contract);
    this.#model ??= model;
    this.#largestBatch = largestBatch;
    const { contract } = learned;
    const { accelerator, model: settings } = this.#settings;
    this.#learned = { contract, rules: tileRules(contract, settings.options, settings.receptiveRadius, accelerator) };
    this.#batches.addWorker(worker);
    this.#started.resolve();
    this.#queue.dispatch();
  }

  #onDone(worker: PoolWorker, { results, last, busyMs, coldRuns }: Done): void {
    if (coldRuns > 0) {
      this.#observer.coldRuns(coldRuns);
      this.#batches.ranCold(worker);
    }
    if (last) {
      const batch = this.#batches.finish(worker, busyMs);
      if (batch === undefined) return;
      this.#accounting.batchFinished(batch, busyMs);
      // Before the responses are written: the worker is idle until then.
      this.#queue.dispatch();
    }
    for (const result of results) {
      const job = this.#outstanding.get(result.id);
      if (job !== undefined) this.#settle(job, outcomeOf(result, job));
    }
  }

  #onDied(worker: PoolWorker, reason: string): void {
    const lost = this.#batches.removeWorker(worker);
    this.#observer.workerDied(reason);
    for (const job of lost) this.#settle(job, new PipelineError("worker-died", `the worker died: ${reason}`));
    // What the lost jobs kept waiting for memory may start.
    this.#queue.dispatch();
  }

  #settle(job: Job, outcome: Outcome): void {
    if (!this.#outstanding.has(job)) return;
    this.#queue.remove(job);
    this.#accounting.settled(job, outcome);
    this.#outstanding.settle(job, outcome);
  }
}

function aborted(): PipelineError {
  return new PipelineError("aborted", "the client closed the connection");
}

function unexpectedResult(): PipelineError {
  return new PipelineError("inference-failed", "the worker returned a result of another kind");
}
