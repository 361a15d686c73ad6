/** What acts while this process leads: the visits to services, and to the one ConfigMap that they share. */
import type { Options } from "./options.ts";
import type { ApiClient } from "./kube/client.ts";
import type { ClusterCache } from "./observe/cluster-cache.ts";
import { dcgmKey, reconcileDcgm } from "./reconcile/dcgm.ts";
import { DeletionCosts } from "./reconcile/deletion-costs.ts";
import { DcgmRequests } from "./reconcile/dcgm-requests.ts";
import { Fights } from "./reconcile/fights.ts";
import type { Pass } from "./reconcile/pass.ts";
import { ProgressPace } from "./reconcile/progress-pace.ts";
import { RolloutGate } from "./reconcile/rollout-gate.ts";
import { reconcileService } from "./reconcile/service.ts";
import { UtilizationWatch } from "./reconcile/utilization-watch.ts";
import { LoadTestCache } from "./loadtest/cache.ts";
import { startLoadTestController } from "./loadtest/controller.ts";
import { testRollout } from "./loadtest/rollout-test.ts";
import { every, type Clock } from "./runtime/clock.ts";
import { createEventRecorder } from "./runtime/events.ts";
import type { Lifecycle } from "./runtime/lifecycle.ts";
import type { Logger } from "./runtime/log.ts";
import type { Metrics } from "./runtime/metrics.ts";
import { WorkQueue } from "./runtime/queue.ts";
import { runWorkers } from "./runtime/workers.ts";
import type { ClusterFeatures } from "./cluster-features.ts";

export interface ControllersOptions {
  readonly options: Options;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Filled by the triggers since before this process led. */
  readonly queue: WorkQueue;
  /** Fenced. */
  readonly writer: ApiClient;
  readonly cache: ClusterCache;
  readonly identity: string;
  readonly features: () => ClusterFeatures;
  readonly resyncAll: () => void;
}

const backoff = { baseMs: 500, capMs: 5 * 60_000 };
/** Many services that come at once are one new list of metrics. */
const dcgmDelayMs = 500;

export async function startControllers(setup: ControllersOptions): Promise<void> {
  const { options, lifecycle, clock, log, metrics, queue, writer, cache, identity, features, resyncAll } = setup;
  const { operatorNamespace, runbookUrl, concurrency } = options;
  const events = createEventRecorder({ client: writer, reportingInstance: identity, clock, log });
  lifecycle.onStop("events", events.close);

  const dcgmQueue = new WorkQueue(clock);
  const lookAtDcgm = (): void => dcgmQueue.add(dcgmKey(operatorNamespace), "edit", dcgmDelayMs);
  const dcgm = new DcgmRequests(lookAtDcgm);
  cache.dcgm.subscribe(({ origin }) => origin === "write" || lookAtDcgm());
  const utilization = new UtilizationWatch({
    cache,
    intervalMs: options.utilizationIntervalMs,
    clock,
    log,
    metrics: metrics.utilization,
    hasWork: (...about) => deletionCosts.due(...about).length > 0,
    onNews: (key) => queue.add(key, "resync"),
  });
  const { window } = utilization;
  const intervalMs = options.utilizationIntervalMs;
  const deletionCosts = new DeletionCosts({ client: writer, cache, window, intervalMs, clock });
  lifecycle.onStop("utilization", utilization.start());
  // Until it is known that it cannot be: an autoscaler that lost its metric for a moment would scale by the others.
  let servesPodMetrics = options.metricsApiAddress !== "off";
  if (options.metricsApiAddress !== "off") {
    // Its library for certificates costs memory that an operator without it need not have.
    const { MetricsApi } = await import("./metrics-api/metrics-api.ts");
    const metricsApi = new MetricsApi({
      address: options.metricsApiAddress,
      place: {
        namespace: operatorNamespace,
        name: options.metricsApiService,
        address: options.metricsApiAdvertiseAddress,
      },
      client: writer,
      cache,
      window: utilization.window,
      clock,
      log,
      onServed(is) {
        const changes = is !== servesPodMetrics;
        servesPodMetrics = is;
        if (changes) resyncAll();
      },
    });
    metricsApi.start();
    lifecycle.onStop("metrics API", () => metricsApi.stop());
  }
  const loadTests = new LoadTestCache({ client: writer, namespaces: options.namespaces, clock, log });
  const pass: Pass = {
    client: writer,
    cache,
    loadTests,
    testRollout: (service, deployment) => testRollout(service, deployment, { client: writer, loadTests }),
    events,
    fights: new Fights(clock),
    dcgm,
    progress: new ProgressPace(clock),
    gate: new RolloutGate(cache, options.maxRollouts),
    utilization,
    deletionCosts,
    clock,
    defaults: options,
    surroundings() {
      const gpuPodMetric = servesPodMetrics || features().gpuPodMetric;
      return { operatorNamespace, runbookUrl, features: { ...features(), gpuPodMetric } };
    },
  };
  const services = runWorkers({
    queue,
    concurrency,
    reconcile: (key, { log: keyLog }) => reconcileService(key, pass, keyLog),
    backoff,
    clock,
    log,
    metrics: metrics.controller("gpumediaservice", queue, concurrency),
  });
  const exporters = runWorkers({
    queue: dcgmQueue,
    concurrency: 1,
    reconcile: (_key, { log: keyLog }) =>
      reconcileDcgm({ client: writer, cache, requests: dcgm, namespace: operatorNamespace }, keyLog),
    backoff,
    clock,
    log,
    metrics: metrics.controller("dcgm", dcgmQueue, 1),
  });
  const stopLoadTests = startLoadTestController({ ...setup, loadTests, defaults: options, backoff });
  const graceMs = options.shutdownTimeoutMs / 2;
  lifecycle.onStop(
    "visits",
    async () => void (await Promise.all([services.stop(graceMs), exporters.stop(graceMs), stopLoadTests(graceMs)])),
  );
  const cancelResync = every(clock, options.resyncIntervalMs, resyncAll);
  lifecycle.onStop("resync", async () => cancelResync());
}
