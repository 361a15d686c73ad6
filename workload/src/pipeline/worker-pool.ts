/**
 * The worker threads.
 *
 *   starting ──ready──▶ ready ──exit──▶ (exited) ──after a back-off──▶ starting
 *      │                  ├──given up──▶ stuck ──exit──▶ (exited)
 *      │                  └──its runs fail──▶ stuck
 *      ├──exit──▶ (exited)
 *      └──unusable──▶ the first: the model or the accelerator cannot be used; later ones: (exited)
 *
 * When no worker has succeeded since all were replaced, the pool has failed (`failure-streaks.ts`).
 */
import { Worker } from "node:worker_threads";
import { ExitPastHungCall } from "../process/exit-past-hung-call.ts";
import type { LearnedModel } from "../inference/open-model.ts";
import { FailureStreaks } from "./failure-streaks.ts";
import type { FromWorker, TaskResult, ToWorker, WorkerSetup } from "../worker/messages.ts";

export type Ready = Extract<FromWorker, { kind: "ready" }>;
export type Done = Extract<FromWorker, { kind: "done" }>;
type Unusable = Extract<FromWorker, { kind: "unusable" }>;

/** The processor cannot work at all. The message is one line. */
export class ModelUnusable extends Error {
  readonly reason: Unusable["reason"];

  constructor({ reason, message }: Unusable) {
    super(oneLine(message));
    this.name = "ModelUnusable";
    this.reason = reason;
  }
}

export interface PoolWorker {
  readonly id: number;
  readonly threadId: number;
  send(message: ToWorker, transfer: readonly ArrayBuffer[]): void;
  /** Reports the worker as dead. Its thread exits, and is replaced, once the call that it is stuck in returns. */
  giveUp(): void;
}

export interface PoolListener {
  ready(worker: PoolWorker, ready: Ready): void;
  done(worker: PoolWorker, done: Done): void;
  /** The worker will not finish what it was sent. */
  died(worker: PoolWorker, reason: string): void;
  unusable(worker: PoolWorker, unusable: Unusable): void;
  /** Replacing workers cannot help; none is started any more. */
  failed(reason: string): void;
}

export interface PoolOptions {
  readonly size: number;
  readonly setup: Omit<WorkerSetup, "learned">;
  readonly listener: PoolListener;
  /** The workers' program; tests have their own. */
  readonly program?: URL;
}

/** A worker that dies as soon as it starts must not keep a core busy with restarts. */
const backOff = { firstMs: 100, longestMs: 10_000 };

/** How long workers may take to exit when the pool closes; one that is stuck may never do so. */
const exitWithinMs = 5000;

/**
 * sharp's results are memory outside V8's heap, freed when V8 collects the small objects that own them. With V8's default
 * young generation that takes so long that 8,000 small WebP pictures left 500 MiB resident; with this one, 280 MiB.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 6 };

export class WorkerPool {
  readonly #options: PoolOptions;
  readonly #workers = new Map<number, Worker>();
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Workers that were given up and have not exited, and since when. */
  readonly #stuck = new Map<number, number>();
  readonly #streaks: FailureStreaks;
  #nextId = 0;
  #learned: LearnedModel | undefined;
  #consecutiveDeaths = 0;
  #restarts = 0;
  #closed = false;

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#streaks = new FailureStreaks(options.size);
    // The other workers wait for what the first finds out: several that measure at once would slow down each other.
    this.#start();
  }

  get size(): number {
    return this.#options.size;
  }

  /** Workers that died and were replaced. */
  get restarts(): number {
    return this.#restarts;
  }

  /** For how long the worker that was given up first has not exited; 0: there is none. */
  get stuckForMs(): number {
    const [since] = this.#stuck.values();
    return since === undefined ? 0 : performance.now() - since;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const exited = await Promise.all([...this.#workers.values()].map(exitInTime));
    if (exited.includes(false)) await new ExitPastHungCall().arm();
  }

  #start(): void {
    const id = this.#nextId++;
    const { listener, program = new URL("../worker/worker.ts", import.meta.url) } = this.#options;
    const setup: WorkerSetup = { ...this.#options.setup, learned: this.#learned };
    const worker = new Worker(program, { workerData: setup, name: `worker-${id}`, resourceLimits });
    this.#workers.set(id, worker);
    const giveUp = (why: string): void => {
      if (this.#stuck.has(id)) return;
      this.#stuck.set(id, performance.now());
      // Not `terminate()`: see `exitInTime`.
      worker.postMessage({ kind: "exit" } satisfies ToWorker);
      listener.died(handle, why);
    };
    const handle: PoolWorker = {
      id,
      threadId: worker.threadId,
      send: (message, transfer) => worker.postMessage(message, transfer),
      giveUp: () => giveUp("it did not respond in time"),
    };
    let reason = "it exited";
    let isReady = false;
    let runsFailed = false;
    let isUnusable = false;
    worker.on("message", (message: FromWorker) => {
      switch (message.kind) {
        case "ready":
          this.#consecutiveDeaths = 0;
          isReady = true;
          if (this.#learned === undefined && !this.#closed) this.#startOthers(message.learned);
          return listener.ready(handle, message);
        case "done": {
          listener.done(handle, message);
          const failure = this.#failureInARow(id, message.results);
          if (failure === undefined) return;
          runsFailed = true;
          reason = `its runs fail: ${failure}`;
          return giveUp(reason);
        }
        case "unusable":
          if (this.#learned === undefined) {
            isUnusable = true;
            return listener.unusable(handle, message);
          }
          // The same model was usable before: what has changed is the process or the GPU.
          reason = message.message;
          return;
      }
    });
    worker.on("error", (error) => (reason = error instanceof Error ? error.message : String(error)));
    worker.on("exit", () => {
      this.#workers.delete(id);
      const wasGivenUp = this.#stuck.delete(id);
      // Another one would find the model unusable as well.
      if (this.#closed || isUnusable) return;
      if (!wasGivenUp) listener.died(handle, reason);
      if ((runsFailed || !isReady) && this.#streaks.endedWithoutSuccess(id)) {
        this.#closed = true;
        return listener.failed(oneLine(reason));
      }
      this.#replace();
    });
  }

  /** Returns the message of the failure after which the worker is to be replaced. */
  #failureInARow(id: number, results: readonly TaskResult[]): string | undefined {
    let message: string | undefined;
    for (const result of results) {
      if (result.kind !== "failed") this.#streaks.succeeded(id);
      else if (result.sessionFailed === true && this.#streaks.failed(id)) message = result.message;
    }
    return message;
  }

  #startOthers(learned: LearnedModel): void {
    this.#learned = learned;
    for (let index = 1; index < this.#options.size; index++) this.#start();
  }

  #replace(): void {
    this.#restarts++;
    const afterMs = Math.min(backOff.firstMs * 2 ** this.#consecutiveDeaths++, backOff.longestMs);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#start();
    }, afterMs);
    this.#timers.add(timer);
  }
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, " ");
}

/**
 * Makes a worker exit by a message: terminating a thread while onnxruntime-node loads or runs a model brings down the
 * process with a `Napi::Error` as soon as the call returns. False: it has not exited within `exitWithinMs`.
 */
async function exitInTime(worker: Worker): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  worker.once("exit", () => resolve(true));
  worker.postMessage({ kind: "exit" } satisfies ToWorker);
  const timer = setTimeout(() => resolve(false), exitWithinMs);
  const exited = await promise;
  clearTimeout(timer);
  return exited;
}
