/** The controller of load tests: what triggers a reconcile, and its workers. */
import type { Options } from "../options/options.ts";
import type { Defaults } from "../effective/effective.ts";
import type { ApiClient } from "../kube/client.ts";
import { objectKey, type ObjectKey } from "../kube/object.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import type { BackoffOptions } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { Lifecycle } from "../runtime/lifecycle.ts";
import type { Logger } from "../runtime/log.ts";
import type { Metrics } from "../runtime/metrics.ts";
import { WorkQueue } from "../runtime/queue.ts";
import { runWorkers } from "../runtime/workers.ts";
import type { LoadTestCache } from "./cache.ts";
import { reconcileLoadTest, type LoadTestPass } from "./reconcile.ts";
import { isFinished } from "./status.ts";

export interface LoadTestControllerSetup {
  readonly options: Pick<Options, "concurrency">;
  readonly loadTests: LoadTestCache;
  readonly cache: ClusterCache;
  /** Fenced. */
  readonly writer: ApiClient;
  /** Of the services, whose checklists contain their last tests. */
  readonly queue: WorkQueue;
  readonly events: Pick<EventRecorder, "record">;
  readonly defaults: Defaults;
  readonly features: LoadTestPass["features"];
  readonly backoff: BackoffOptions;
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly resyncAll: () => void;
}

/** Starts; the returned function stops the workers. */
export function startLoadTestController(setup: LoadTestControllerSetup): (graceMs: number) => Promise<void> {
  const {
    options,
    loadTests,
    cache,
    writer,
    queue: services,
    events,
    defaults,
    features,
    backoff,
    lifecycle,
    metrics,
    clock,
    log,
  } = setup;
  const queue = new WorkQueue(clock);
  const abort = new AbortController();
  loadTests.tests.subscribe((change) => {
    queue.add(change.key, change.origin === "list" ? "resync" : "edit");
    const test = change.type === "deleted" ? change.previous : change.current;
    const key: ObjectKey = `${test.metadata.namespace ?? ""}/${test.spec.serviceRef.name}`;
    if (change.origin !== "list" && isFinished(test.status)) services.add(key, "echo");
  });
  // A Job has the name of its test.
  loadTests.jobs.subscribe(({ key }) => queue.add(key, "echo"));
  cache.services.subscribe(({ key }) => {
    for (const test of loadTests.ofService(key)) {
      if (!isFinished(test.status)) queue.add(objectKey(test), "echo");
    }
  });
  const following = loadTests.run(abort.signal);
  lifecycle.onStop("load tests", async () => {
    abort.abort(new Error("the operator is shutting down"));
    await following;
  });
  const pass = { client: writer, cache, loadTests, events, clock, defaults, features };
  let stop: ((graceMs: number) => Promise<void>) | undefined;
  // Before the sync, a test whose Job is not in the cache would get a second one.
  void loadTests.whenSynced().then(() => {
    if (abort.signal.aborted) return;
    const { concurrency } = options;
    const controller = metrics.controller("gpumedialoadtest", queue, concurrency);
    const reconcile = (key: ObjectKey) => reconcileLoadTest(key, pass);
    ({ stop } = runWorkers({ queue, concurrency, reconcile, backoff, clock, log, metrics: controller }));
    setup.resyncAll();
  });
  return async (graceMs) => stop?.(graceMs);
}
