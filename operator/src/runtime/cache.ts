/** A local copy of one kind, kept current by a list-watch. */
import type { ApiClient, Selection } from "../kube/client.ts";
import type { KubeObject, ResourceType } from "../kube/object.ts";
import type { Clock } from "./clock.ts";
import type { Outcome, Step } from "./list-watch-state.ts";
import { isExpired, refusesStream } from "./list-watch-state.ts";
import { listWatch } from "./list-watch.ts";
import type { Logger } from "./log.ts";
import { Store } from "./store.ts";

export interface CacheOptions<T> {
  readonly selection?: Selection;
  /** Reduces an object to what the cache keeps of it. */
  readonly project: (object: KubeObject) => T;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly silenceMs?: number;
  readonly log: Logger;
}

export interface Cache<T> {
  readonly type: ResourceType;
  /** The same store for all runs: readers and listeners survive when an optional kind is removed and installed again. */
  readonly store: Store<T>;
  /** Watches the kind until the signal aborts, then empties the store. Throws when it is already running. */
  run(signal: AbortSignal): Promise<void>;
}

export function createCache<T>(
  client: Pick<ApiClient, "list" | "watch">,
  type: ResourceType,
  { project, log: parentLog, ...options }: CacheOptions<T>,
): Cache<T> {
  const store = new Store(project);
  const log = parentLog.child({ resource: type.group === "" ? type.resource : `${type.resource}.${type.group}` });
  let running = false;
  return {
    type,
    store,
    async run(signal) {
      if (running) throw new Error(`the cache of ${type.resource} is already running`);
      running = true;
      try {
        await listWatch({ ...options, client, type, sink: store, signal, onStep: logStep(log) });
      } finally {
        store.clear();
        running = false;
      }
    },
  };
}

function logStep(log: Logger): (step: Step, outcome: Outcome, next: Step) => void {
  return (step, outcome, { afterMs, failures }) => {
    const { of } = outcome;
    if (!("error" in outcome)) return log.debug({ afterMs }, `${of} ended`);
    const { error } = outcome;
    if (step.do === "stream" && of === "list" && refusesStream(error)) {
      return log.debug({ error }, "the API server does not stream lists: listing in pages");
    }
    if (isExpired(error)) return log.info({ afterMs }, `${of} expired: its resourceVersion is too old`);
    log.warn({ error, afterMs, failures }, `${of} failed`);
  };
}
