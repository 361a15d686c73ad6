/** Starts what writes while this process leads: the controllers of services, profiles, load tests and the DCGM ConfigMap. */
import type { Options } from "./options/options.ts";
import type { ApiClient } from "./kube/client.ts";
import type { ObjectKey } from "./kube/object.ts";
import type { ClusterCache } from "./observe/cluster-cache.ts";
import { provisioning, startFailure } from "./observe/pod-events.ts";
import { dcgmKey, reconcileDcgm } from "./reconcile/dcgm.ts";
import type { Pass } from "./reconcile/pass.ts";
import { onProfileUse, profilesKey, reconcileProfiles } from "./reconcile/profiles.ts";
import { reconcileService } from "./reconcile/service.ts";
import { reconcileShared, sharedKey } from "./reconcile/shared-monitoring.ts";
import { Memory } from "./reconcile/memory.ts";
import { PodWatch } from "./reconcile/pod-watch.ts";
import { createSnapshotSource } from "./reconcile/snapshot.ts";
import { createUtilizationWindow, startUtilizationWatch } from "./reconcile/utilization-watch.ts";
import { LoadTestCache } from "./loadtest/cache.ts";
import { startLoadTestController } from "./loadtest/controller.ts";
import { isBeingCreated, waitsForNode } from "./status/pod-trouble.ts";
import { every, type Clock } from "./runtime/clock.ts";
import { createEventRecorder } from "./runtime/events.ts";
import type { Lifecycle } from "./runtime/lifecycle.ts";
import type { Logger } from "./runtime/log.ts";
import type { Metrics } from "./runtime/metrics.ts";
import { WorkQueue } from "./runtime/queue.ts";
import { runWorkers } from "./runtime/workers.ts";
import type { ClusterFeatures } from "./desired/context.ts";

export interface ControllersOptions {
  readonly options: Options;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Filled by the triggers, also while this process is a standby. */
  readonly queue: WorkQueue;
  /** Fenced. */
  readonly writer: ApiClient;
  readonly cache: ClusterCache;
  readonly identity: string;
  readonly features: () => ClusterFeatures;
  readonly unreachableApis: () => ReadonlySet<string>;
  /** Whether the cluster has Karpenter's CRDs. */
  readonly servesNodeClaims: () => boolean;
  readonly resyncAll: () => void;
}

const backoff = { baseMs: 500, capMs: 5 * 60_000 };
/** Many services that change at once are one new list of metrics. */
const dcgmDelayMs = 500;
/** The same for the shared rules and dashboards. */
const sharedDelayMs = 500;
/** A thousand new services are one status of their profile in this time. */
const profilesDelayMs = 1_000;

export async function startControllers(setup: ControllersOptions): Promise<void> {
  const { options, lifecycle, clock, log, metrics, queue, writer, cache, identity, features, resyncAll } = setup;
  const { operatorNamespace, concurrency, utilizationIntervalMs: intervalMs } = options;
  const events = createEventRecorder({ client: writer, reportingInstance: identity, clock, log });
  lifecycle.onStop("events", events.close);

  const dcgmQueue = new WorkQueue(clock);
  const requeueDcgm = (): void => dcgmQueue.add(dcgmKey(operatorNamespace), "edit", dcgmDelayMs);
  cache.dcgm.subscribe(({ origin }) => origin === "write" || requeueDcgm());
  const sharedQueue = new WorkQueue(clock);
  const requeueShared = (): void => sharedQueue.add(sharedKey, "edit", sharedDelayMs);
  for (const kept of [cache.sharedRules, cache.sharedDashboards]) {
    kept.subscribe(({ origin }) => origin === "write" || requeueShared());
  }
  // Without objects, the list is no event. Services request the rules once their kind is served.
  void cache.sharedDashboards.whenSynced().then(requeueShared);
  const memory = new Memory({
    clock,
    onSharedChange() {
      requeueDcgm();
      requeueShared();
    },
  });
  const window = createUtilizationWindow(intervalMs);
  // True until a failure is known: an autoscaler that loses this metric for a moment would scale on the others.
  let servesPodMetrics = options.metricsApiAddress !== "off";
  if (options.metricsApiAddress !== "off") {
    // Imported here because its certificate library costs memory.
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
      window,
      clock,
      log,
      onServed(served) {
        const changed = served !== servesPodMetrics;
        servesPodMetrics = served;
        if (changed) resyncAll();
      },
    });
    metricsApi.start();
    lifecycle.onStop("metrics API", () => metricsApi.stop());
  }
  const loadTests = new LoadTestCache({ client: writer, namespaces: options.namespaces, clock, log });
  const requeue = (key: ObjectKey): void => queue.add(key, "resync");
  const starts = new PodWatch({
    pods: cache.pods,
    isWaiting: isBeingCreated,
    // Before, the kubelet may not have written an event yet, and a first failure may pass: volumes often fail once.
    patienceMs: 10_000,
    read: (pod) => startFailure(writer, pod),
    clock,
    log,
    requeue,
  });
  lifecycle.onStop("start watch", starts.start());
  const nodeWaits = new PodWatch({
    pods: cache.pods,
    isWaiting: (pod) => waitsForNode(pod) && setup.servesNodeClaims(),
    // Karpenter decides within a second or two, and the status should not report a shortage meanwhile.
    patienceMs: 0,
    read: (pod) => provisioning(writer, pod),
    clock,
    log,
    requeue,
  });
  lifecycle.onStop("node watch", nodeWaits.start());
  const snapshots = createSnapshotSource({
    cache,
    loadTests,
    window,
    startFailureOf: (pod) => starts.findingOf(pod),
    provisioningOf: (pod) => nodeWaits.findingOf(pod),
    operatorNamespace,
    clock,
    features: () =>
      servesPodMetrics ? { ...features(), gpuPodMetric: true, busyPodMetric: true, livePodMetrics: true } : features(),
    unreachableApis: setup.unreachableApis,
  });
  const stopUtilization = startUtilizationWatch({
    cache,
    snapshots,
    memory,
    window,
    intervalMs,
    clock,
    log,
    metrics: metrics.utilization,
    requeue,
  });
  lifecycle.onStop("utilization", stopUtilization);
  const pass: Pass = { client: writer, clock, events, snapshots, memory, settings: options };
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
      reconcileDcgm({ client: writer, cache, memory, namespace: operatorNamespace }, keyLog),
    backoff,
    clock,
    log,
    metrics: metrics.controller("dcgm", dcgmQueue, 1),
  });
  const sharedContext = { operatorNamespace, namespaces: options.namespaces, runbookUrl: options.runbookUrl };
  const shared = runWorkers({
    queue: sharedQueue,
    concurrency: 1,
    reconcile: (_key, { log: keyLog }) =>
      reconcileShared({ client: writer, clock, cache, memory, context: sharedContext, onChange: resyncAll }, keyLog),
    backoff,
    clock,
    log,
    metrics: metrics.controller("shared-monitoring", sharedQueue, 1),
  });
  const profileQueue = new WorkQueue(clock);
  const profiles = runWorkers({
    queue: profileQueue,
    concurrency: 1,
    reconcile: () => reconcileProfiles({ client: writer, cache, clock }),
    backoff,
    clock,
    log,
    metrics: metrics.controller("gpumediaprofile", profileQueue, 1),
  });
  // An operator of single namespaces does not see every service that uses a profile.
  if (options.namespaces.length === 0) {
    const requeueProfiles = (): void => profileQueue.add(profilesKey, "echo", profilesDelayMs);
    onProfileUse(cache, requeueProfiles);
    requeueProfiles();
  }
  const stopLoadTests = startLoadTestController({ ...setup, loadTests, events, defaults: options, backoff });
  const graceMs = options.shutdownTimeoutMs / 2;
  lifecycle.onStop("controllers", async () => {
    const workers = [services, exporters, shared, profiles];
    await Promise.all([...workers.map((one) => one.stop(graceMs)), stopLoadTests(graceMs)]);
  });
  const cancelResync = every(clock, options.resyncIntervalMs, resyncAll);
  lifecycle.onStop("resync", async () => cancelResync());
}
