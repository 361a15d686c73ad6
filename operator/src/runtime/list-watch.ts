/** Lists and watches one kind on the API server: the effects around `list-watch-state.ts`. */
import type { ApiClient, Selection, WatchEvent } from "../kube/client.ts";
import type { ResourceType } from "../kube/object.ts";
import { backoffMs } from "./backoff.ts";
import { pause, type Clock } from "./clock.ts";
import { firstStep, nextStep, type Outcome, type Step } from "./list-watch-state.ts";
import type { Replacement } from "./store.ts";

/** The receiver of objects and events: a `Store`. */
export interface ListWatchSink {
  replacement(): Replacement;
  observeEvent(event: WatchEvent): void;
}

export interface ListWatchOptions {
  readonly client: Pick<ApiClient, "list" | "watch">;
  readonly type: ResourceType;
  readonly selection?: Selection;
  readonly sink: ListWatchSink;
  readonly clock: Clock;
  /** 0 <= random() < 1 */
  readonly random?: () => number;
  /** A watch without any event for this long, not even a bookmark, is considered dead. Bookmarks come about once a minute. */
  readonly silenceMs?: number;
  /** Called after each step. */
  readonly onStep?: (step: Step, outcome: Outcome, next: Step) => void;
  readonly signal: AbortSignal;
}

const pageSize = 500;
const backoff = { baseMs: 200, capMs: 30_000 };

/** Runs until the signal aborts; never rejects. */
export async function listWatch(options: ListWatchOptions): Promise<void> {
  const { clock, signal, random = Math.random } = options;
  let step: Step = firstStep;
  while (!signal.aborted) {
    if (step.afterMs > 0) await pause(clock, step.afterMs, signal);
    if (signal.aborted) return;
    const outcome = step.do === "list" ? await list(options) : await watch(options, step.resourceVersion, random);
    // Once the signal has aborted, the store may belong to the next list-watch of this kind.
    if (signal.aborted) return;
    const next = nextStep(step, outcome, (failures) => backoffMs(failures, { ...backoff, random }));
    options.onStep?.(step, outcome, next);
    step = next;
  }
}

/**
 * Sends no resourceVersion, so that each list is a quorum read of the latest state: after a 410, no API server can return
 * an older state than the one before.
 */
async function list({ client, type, selection, sink, signal }: ListWatchOptions): Promise<Outcome> {
  try {
    const replacement = sink.replacement();
    let page = await client.list(type, { ...selection, limit: pageSize, signal });
    for (;;) {
      if (signal.aborted) break;
      for (const object of page.items) replacement.add(object);
      if (page.continue === undefined) break;
      page = await client.list(type, { ...selection, limit: pageSize, continue: page.continue, signal });
    }
    if (!signal.aborted) replacement.commit(page.resourceVersion);
    return { of: "list", resourceVersion: page.resourceVersion };
  } catch (error) {
    return { of: "list", error };
  }
}

async function watch(
  { client, type, selection, sink, clock, signal, silenceMs = 150_000 }: ListWatchOptions,
  from: string,
  random: () => number,
): Promise<Outcome> {
  const begun = clock.now();
  let resourceVersion = from;
  const watchdog = new Watchdog(clock, silenceMs, signal);
  // Watches that an API server's restart has started together must not expire together.
  const timeoutSeconds = Math.round(300 * (1 + random()));
  const options = { ...selection, allowWatchBookmarks: true, timeoutSeconds, signal: watchdog.signal };
  try {
    for await (const event of client.watch(type, { ...options, resourceVersion })) {
      if (signal.aborted) break;
      watchdog.reset();
      sink.observeEvent(event);
      // Only after the sink: an event that it failed to process is received again.
      ({ resourceVersion } = event.object.metadata);
    }
    return { of: "watch", resourceVersion, livedMs: clock.now() - begun };
  } catch (error) {
    const livedMs = clock.now() - begun;
    const silent = watchdog.expired;
    return silent ? { of: "watch", resourceVersion, livedMs } : { of: "watch", resourceVersion, livedMs, error };
  } finally {
    watchdog.stop();
  }
}

/** Aborts its signal when it has not been reset for too long, or when the outer signal aborts. */
class Watchdog {
  expired = false;
  readonly #clock: Clock;
  readonly #silenceMs: number;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onOuterAbort = (): void => this.#controller.abort(this.#outer.reason);
  #resetAt: number;
  #cancel: () => void;

  constructor(clock: Clock, silenceMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.#silenceMs = silenceMs;
    this.#outer = outer;
    outer.addEventListener("abort", this.#onOuterAbort);
    this.#resetAt = clock.now();
    this.#cancel = clock.after(silenceMs, this.#check);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Cheap, as it is called for every event: the timer keeps running and compares the time when it fires. */
  reset(): void {
    this.#resetAt = this.#clock.now();
  }

  stop(): void {
    this.#cancel();
    this.#outer.removeEventListener("abort", this.#onOuterAbort);
  }

  readonly #check = (): void => {
    const leftMs = this.#resetAt + this.#silenceMs - this.#clock.now();
    if (leftMs > 0) {
      this.#cancel = this.#clock.after(leftMs, this.#check);
      return;
    }
    this.expired = true;
    this.#controller.abort(new Error(`the watch was silent for ${this.#silenceMs} ms`));
  };
}
