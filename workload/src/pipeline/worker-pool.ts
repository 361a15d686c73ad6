/**
 * The worker threads.
 *
 *   starting ──ready──▶ ready ──exit──▶ (gone) ──after a pause──▶ starting
 *      │                  └──given up──▶ held ──exit──▶ (gone)
 *      ├──exit──▶ (gone)
 *      └──unusable──▶ the pool has failed: the model or the accelerator can't be used
 */
import { Worker } from "node:worker_threads";
import { ExitPastHungCall } from "../exit-past-hung-call.ts";
import type { Optimization } from "../work/tensor.ts";
import type { FromWorker, ToWorker, WorkDone, WorkerSetup } from "../worker/messages.ts";

export type Ready = Extract<FromWorker, { kind: "ready" }>;
export type Unusable = Extract<FromWorker, { kind: "unusable" }>;

export interface PoolWorker {
  readonly id: number;
  readonly threadId: number;
  send(message: ToWorker, transfer: readonly ArrayBuffer[]): void;
  /** What it has counts as lost. It ends when the call that holds it returns, and is replaced then. */
  giveUp(): void;
}

export interface PoolListener {
  ready(worker: PoolWorker, ready: Ready): void;
  done(worker: PoolWorker, results: readonly WorkDone[], last: boolean, busyMs: number): void;
  /** Whatever it was sent will not be answered any more. */
  died(worker: PoolWorker, reason: string): void;
  unusable(worker: PoolWorker, unusable: Unusable): void;
}

export interface PoolOptions {
  readonly size: number;
  readonly setup: Omit<WorkerSetup, "optimization">;
  readonly listener: PoolListener;
  /** The worker's program; a test has its own. */
  readonly program?: URL;
}

/** A worker that dies as soon as it starts must not keep a core busy with starting. */
const pauses = { firstMs: 100, longestMs: 10_000 };

/** How long a worker may take to end by itself when the pool closes; one that is held may never do so. */
const endWithinMs = 5000;

/**
 * What sharp answers is memory outside V8's heap, freed when V8 collects the small object that stands for it. With V8's own
 * young generation that takes so long that 8,000 small WebP pictures left 500 MiB resident; with this one, 280.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workers = new Map<number, Worker>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Workers that were given up and have not ended, and since when. */
  readonly #held = new Map<number, number>();
  #nextId = 0;
  #optimization: Optimization | undefined;
  #deathsInARow = 0;
  #restarts = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    // The others wait for what the first finds out: trying while they try too would measure who disturbs whom.
    this.#start();
  }

  get size(): number {
    return this.#options.size;
  }

  /** Workers that died and were replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** How long the worker that was given up first has not ended; 0: there is none. */
  get heldForMs(): number {
    const [since] = this.#held.values();
    return since === undefined ? 0 : performance.now() - since;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const ended = await Promise.all([...this.#workers.values()].map(hasEnded));
    if (ended.includes(false)) await new ExitPastHungCall().arm();
  }

  #start(): void {
    const id = this.#nextId++;
    const { listener, program = new URL("../worker/worker.ts", import.meta.url) } = this.#options;
    const setup: WorkerSetup = { ...this.#options.setup, optimization: this.#optimization };
    const worker = new Worker(program, { workerData: setup, name: `worker-${id}`, resourceLimits });
    this.#workers.set(id, worker);
    const handle: PoolWorker = {
      id,
      threadId: worker.threadId,
      send: (message, transfer) => worker.postMessage(message, transfer),
      giveUp: () => {
        if (this.#held.has(id)) return;
        this.#held.set(id, performance.now());
        // Not `terminate()`: see `hasEnded`.
        worker.postMessage({ kind: "end" } satisfies ToWorker);
        listener.died(handle, "it did not answer in time");
      },
    };
    let reason = "it ended";
    worker.on("message", (message: FromWorker) => {
      switch (message.kind) {
        case "ready":
          this.#deathsInARow = 0;
          if (this.#optimization === undefined && !this.#closed) this.#startOthers(message.model.optimization);
          return listener.ready(handle, message);
        case "done":
          return listener.done(handle, message.results, message.last, message.busyMs);
        case "unusable":
          return listener.unusable(handle, message);
      }
    });
    worker.on("error", (error) => (reason = error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => {
      this.#workers.delete(id);
      const wasGivenUp = this.#held.delete(id);
      if (this.#closed) return;
      this.#replace();
      if (!wasGivenUp) listener.died(handle, reason);
    });
  }

  #startOthers(optimization: Optimization): void {
    this.#optimization = optimization;
    for (let index = 1; index < this.#options.size; index++) this.#start();
  }

  #replace(): void {
    this.#restarts++;
    const pauseMs = Math.min(pauses.firstMs * 2 ** this.#deathsInARow++, pauses.longestMs);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#start();
    }, pauseMs);
    this.#timers.add(timer);
  }
}

/**
 * Ends it by a message: a thread that is terminated while onnxruntime-node loads or runs a model takes the process down with a
 * `Napi::Error` as soon as the call returns. False: it is still there after `endWithinMs`.
 */
async function hasEnded(worker: Worker): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  worker.once("exit", () => resolve(true));
  worker.postMessage({ kind: "end" } satisfies ToWorker);
  const timer = setTimeout(() => resolve(false), endWithinMs);
  const ended = await promise;
  clearTimeout(timer);
  return ended;
}
