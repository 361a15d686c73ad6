/** Starts the operator: its parts, in their order, and what stops them. */
import { startControllers } from "./controllers.ts";
import type { Options } from "./options/options.ts";
import { createApiClient } from "./kube/client.ts";
import { checkConnection, type LoadedConnection } from "./kube/connection.ts";
import { watchApis } from "./runtime/discovery-watch.ts";
import { nodeClaimType } from "./neighbours/karpenter.ts";
import { createDiscovery, type Apis } from "./kube/discovery.ts";
import { digest } from "./kube/digest.ts";
import { createTransport } from "./kube/transport.ts";
import { once } from "./kube/warnings.ts";
import { subscribeTriggers } from "./observe/triggers.ts";
import { ClusterCache } from "./observe/cluster-cache.ts";
import { every, type Clock } from "./runtime/clock.ts";
import { startEndpoints, reconcilesFinish } from "./runtime/health.ts";
import { leaseStore } from "./runtime/leader-lease.ts";
import { Leadership, processIdentity } from "./runtime/leader.ts";
import type { Lifecycle } from "./runtime/lifecycle.ts";
import type { Logger } from "./runtime/log.ts";
import { createMetrics } from "./runtime/metrics.ts";
import { WorkQueue } from "./runtime/queue.ts";
import { readClusterFeatures } from "./cluster-features.ts";
import type { ClusterFeatures } from "./desired/context.ts";

export interface OperatorOptions {
  readonly options: Options;
  readonly connection: LoadedConnection;
  readonly version: string;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A reconcile takes milliseconds, or as long as its requests take to time out. */
const stuckAfterMs = 10 * 60_000;
const discoveryIntervalMs = 5_000;

/** Resolves when the operator runs; from then on `lifecycle` stops it. */
export async function startOperator(setup: OperatorOptions): Promise<void> {
  const { options, connection, version, lifecycle, clock, log } = setup;
  const metrics = createMetrics();
  const queue = new WorkQueue(clock);
  const observe = metrics.restClient(new URL(connection.server).host);
  const identity = processIdentity();
  const transport = createTransport(connection, {
    userAgent: `gpumedia-operator/${version}`,
    connections: options.maxRequestsInFlight,
    onWarning: once((warning, { method, path }) => log.warn({ warning, method, path }, "the API server warns")),
  });
  // For reads and for the Lease, which a standby must be able to write.
  const client = createApiClient(transport, { observe });
  const abort = new AbortController();
  const cache = new ClusterCache({ ...options, client, clock, log });
  let synced = false;
  let leadership: Leadership | undefined;

  const endpoints = await startEndpoints({
    health: options.healthAddress,
    metrics: options.metricsAddress,
    live: [reconcilesFinish(queue, stuckAfterMs)],
    ready: [{ name: "caches", problem: () => (synced ? undefined : "the caches have not synced yet") }],
    registry: metrics.registry,
  });
  lifecycle.onStop("endpoints", endpoints.close);
  lifecycle.onStop("connections", () => transport.close());
  log.info({ server: connection.server, source: connection.source, ...endpoints.urls }, "connecting");
  log.info({ kubernetes: await checkConnection(client, connection) }, "connected");

  const discovery = createDiscovery(client);
  let apis: Apis = await discovery.read();
  let features: ClusterFeatures = await readClusterFeatures(client, apis, log);
  let unreachableApis: ReadonlySet<string> = new Set();
  subscribeTriggers(cache, (service, priority, afterMs) => queue.add(service, priority, afterMs));
  const resyncAll = (): void => {
    for (const { metadata } of cache.services.values())
      queue.add(`${metadata.namespace ?? ""}/${metadata.name}`, "resync");
  };
  /** Does not call back when the APIs have changed meanwhile: another read follows. */
  const readFeatures = async (adopt: (current: ClusterFeatures) => void): Promise<void> => {
    const readFor = apis;
    const current = await readClusterFeatures(client, readFor, log, features);
    if (apis === readFor && !abort.signal.aborted) adopt(current);
  };
  // A newer CRD of the same API version brings fields, and discovery does not show it.
  const cancelReads = every(clock, options.resyncIntervalMs, () => {
    void readFeatures((current) => {
      if (digest(current) === digest(features)) return;
      features = current;
      log.info("the fields of the optional APIs changed");
      resyncAll();
    });
  });
  lifecycle.onStop("features", async () => cancelReads());
  const following = cache.run(abort.signal);
  cache.followOptional(apis, abort.signal, resyncAll);
  lifecycle.onStop("caches", async () => {
    abort.abort(new Error("the operator is shutting down"));
    await following;
  });
  void watchApis({
    discovery,
    known: apis,
    clock,
    intervalMs: discoveryIntervalMs,
    onChange(change) {
      ({ apis, unreachable: unreachableApis } = change);
      log.info({ appeared: names(change.appeared), vanished: names(change.vanished) }, "the served APIs changed");
      void readFeatures((current) => {
        features = current;
        // Only now: a child of a new kind would be created without the features of its schema, and then be changed.
        cache.followOptional(apis, abort.signal, resyncAll);
        resyncAll();
      });
    },
    log,
    signal: abort.signal,
  });
  await cache.whenSynced();
  synced = true;
  log.info({ services: cache.services.size, nodes: cache.nodes.size }, "caches synced");

  if (options.leaderElect) {
    const lease = leaseStore(client, options.operatorNamespace, options.leaseName);
    leadership = new Leadership({ ...options, lease, identity, clock, log });
    lifecycle.onStop("Lease", () => leadership?.release() ?? Promise.resolve());
    metrics.leaderElection(options.leaseName, () => leadership?.isLeader() === true);
    void leadership.lost.then((reason) => lifecycle.fail(`lost the Lease: ${reason}`));
    await leadership.elected;
  }

  const writer = createApiClient(transport, {
    observe,
    ...(leadership === undefined ? {} : { fence: leadership.fence }),
  });
  await startControllers({
    ...setup,
    metrics,
    queue,
    writer,
    cache,
    identity,
    features: () => features,
    unreachableApis: () => unreachableApis,
    servesNodeClaims: () => apis.serves(nodeClaimType),
    resyncAll,
  });
}

function names(types: readonly { readonly kind: string; readonly group: string }[]): readonly string[] {
  return types.map(({ kind, group }) => `${kind}.${group}`);
}
