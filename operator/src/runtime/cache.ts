/** One kind, followed into a store: what the operator reads from. */
import type { ApiClient, Selection } from "../kube/client.ts";
import type { KubeObject, ResourceType } from "../kube/object.ts";
import type { Clock } from "./clock.ts";
import type { Outcome, Step } from "./list-watch-state.ts";
import { isExpired } from "./list-watch-state.ts";
import { listWatch } from "./list-watch.ts";
import type { Logger } from "./log.ts";
import { Store } from "./store.ts";

export interface CacheOptions<T> {
  readonly selection?: Selection;
  /** What is kept of an object. */
  readonly project: (object: KubeObject) => T;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly silenceMs?: number;
  readonly log: Logger;
}

export interface Cache<T> {
  readonly type: ResourceType;
  /** The same one for all runs: readers and listeners stay when an optional kind goes and comes back. */
  readonly store: Store<T>;
  /** Follows the kind until the signal aborts, then empties the store. Not twice at a time. */
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
      if (running) throw new Error(`the cache of ${type.resource} runs already`);
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
    if (!("error" in outcome)) return log.debug({ afterMs }, `${step.do} ended`);
    if (isExpired(outcome.error)) return log.info({ afterMs }, `${step.do} fell behind the API server's history`);
    log.warn({ error: outcome.error, afterMs, failures }, `${step.do} failed`);
  };
}
