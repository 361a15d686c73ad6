/** Lists and watches one kind on the API server: the effects around `list-watch-state.ts`. */
import { endsInitialEvents, type ApiClient, type Selection, type WatchEvent } from "../kube/client.ts";
import type { ResourceType } from "../kube/object.ts";
import { backoffMs } from "./backoff.ts";
import { pause, type Clock } from "./clock.ts";
import { firstStep, nextStep, type Outcome, type Step } from "./list-watch-state.ts";
import type { Replacement } from "./store.ts";
import { Watchdog } from "./watchdog.ts";

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

const defaultSilenceMs = 150_000;

/** The same within a list: the API server waits up to 3 s for its cache, and then sends all objects without a pause. */
const listSilenceMs = 30_000;

/** A watch that did not send its list completely. */
export class IncompleteStream extends Error {
  override readonly name = "IncompleteStream";
}

/** Runs until the signal aborts; never rejects. */
export async function listWatch(options: ListWatchOptions): Promise<void> {
  const { clock, signal, random = Math.random } = options;
  let step: Step = firstStep;
  while (!signal.aborted) {
    if (step.afterMs > 0) await pause(clock, step.afterMs, signal);
    if (signal.aborted) return;
    const outcome = await take(step, options);
    // Once the signal has aborted, the store may belong to the next list-watch of this kind.
    if (signal.aborted) return;
    const next = nextStep(step, outcome, (failures) => backoffMs(failures, { ...backoff, random }));
    options.onStep?.(step, outcome, next);
    step = next;
  }
}

function take(step: Step, options: ListWatchOptions): Promise<Outcome> {
  switch (step.do) {
    case "stream":
      return stream(options);
    case "list":
      return list(options);
    case "watch":
      return watch(options, step.resourceVersion);
  }
}

/**
 * Lists by a watch, and follows that watch. Objects are read one by one, while a page is several MiB of JSON, for each kind
 * at the same time.
 *
 * Neither this nor `list` sends a resourceVersion, so that each list is a quorum read of the latest state: after a 410, no
 * API server can return an older state than the one before.
 */
async function stream(options: ListWatchOptions): Promise<Outcome> {
  const { sink, clock, signal, silenceMs = defaultSilenceMs } = options;
  using watchdog = new Watchdog(clock, Math.min(silenceMs, listSilenceMs), signal);
  const events = openWatch(options, watchdog);
  try {
    const replacement = sink.replacement();
    const resourceVersion = await initialEvents(events, replacement);
    signal.throwIfAborted();
    replacement.commit(resourceVersion);
    watchdog.silenceMs = silenceMs;
    return await follow(options, events, resourceVersion);
  } catch (error) {
    return { of: "list", error };
  } finally {
    // An unfinished watch stays open otherwise.
    await events.return();
  }
}

/** Adds all objects to the replacement, and returns the resourceVersion of the list. */
async function initialEvents(events: AsyncGenerator<WatchEvent, void>, replacement: Replacement): Promise<string> {
  for (;;) {
    const { done, value: event } = await events.next();
    if (done === true) throw new IncompleteStream("the watch ended before the end of its initial events");
    if (endsInitialEvents(event)) return event.object.metadata.resourceVersion;
    switch (event.type) {
      case "ADDED":
      case "MODIFIED":
        replacement.add(event.object);
        break;
      case "DELETED":
        replacement.remove(event.object);
        break;
      case "BOOKMARK":
        // Nothing would end the wait: the end of the initial events comes before all other bookmarks.
        throw new IncompleteStream(
          "the watch has no end of its initial events: the API server ignores sendInitialEvents",
        );
    }
  }
}

async function list({ client, type, selection, sink, signal }: ListWatchOptions): Promise<Outcome> {
  try {
    const replacement = sink.replacement();
    let page = await client.list(type, { ...selection, limit: pageSize, signal });
    for (;;) {
      signal.throwIfAborted();
      for (const object of page.items) replacement.add(object);
      if (page.continue === undefined) break;
      page = await client.list(type, { ...selection, limit: pageSize, continue: page.continue, signal });
    }
    replacement.commit(page.resourceVersion);
    return { of: "list", resourceVersion: page.resourceVersion };
  } catch (error) {
    return { of: "list", error };
  }
}

async function watch(options: ListWatchOptions, from: string): Promise<Outcome> {
  const { clock, signal, silenceMs = defaultSilenceMs } = options;
  using watchdog = new Watchdog(clock, silenceMs, signal);
  return await follow(options, openWatch(options, watchdog, from), from);
}

/** Without a resourceVersion, the watch begins with all objects. It ends when it is silent for too long. */
async function* openWatch(
  { client, type, selection, random = Math.random }: ListWatchOptions,
  watchdog: Watchdog,
  resourceVersion?: string,
): AsyncGenerator<WatchEvent, void> {
  // Watches that an API server's restart has started together must not expire together.
  const timeoutSeconds = Math.round(300 * (1 + random()));
  const options = { ...selection, allowWatchBookmarks: true, timeoutSeconds, signal: watchdog.signal };
  try {
    for await (const event of client.watch(type, { ...options, resourceVersion })) {
      watchdog.reset();
      yield event;
    }
  } catch (error) {
    if (!watchdog.expired) throw error;
  }
}

/** Passes the events of a watch to the sink until it ends. */
async function follow(
  { sink, clock, signal }: ListWatchOptions,
  events: AsyncIterable<WatchEvent>,
  from: string,
): Promise<Outcome> {
  const begun = clock.now();
  let resourceVersion = from;
  const ended = (): Outcome => ({ of: "watch", from, resourceVersion, livedMs: clock.now() - begun });
  try {
    for await (const event of events) {
      if (signal.aborted) break;
      sink.observeEvent(event);
      // Only after the sink: an event that it failed to process is received again.
      ({ resourceVersion } = event.object.metadata);
    }
    return ended();
  } catch (error) {
    return { ...ended(), error };
  }
}
