/** Decides which services to reconcile after a change on the API server, and how soon. */
import { objectKey, type ObjectKey } from "../kube/object.ts";
import type { Priority } from "../runtime/queue.ts";
import { currentOf, previousOf, type StoreChange } from "../runtime/store.ts";
import type { ChildView } from "./child-view.ts";
import type { DeviceClassView } from "./device-class-view.ts";
import type { DeviceTaintRuleView } from "./device-taint-rule-view.ts";
import type { GatewayView } from "./gateway-view.ts";
import type { IngressClassView } from "./ingress-class-view.ts";
import type { NodeView } from "./node-view.ts";
import type { PodView } from "./pod-view.ts";
import type { PrometheusView } from "./prometheus-view.ts";
import type { ResourceClaimView } from "./resource-claim-view.ts";
import type { ResourceSliceView } from "./resource-slice-view.ts";
import type { ReplicaSetView } from "./replica-set-view.ts";
import type { ScopedCache } from "./scoped-cache.ts";
import type { StoredProfile, StoredService } from "./cluster-cache.ts";

export type Enqueue = (service: ObjectKey, priority: Priority, afterMs?: number) => void;

/** The parts of the `ClusterCache` whose changes matter. */
export interface Sources {
  readonly services: Pick<ScopedCache<StoredService>, "subscribe" | "values">;
  readonly profiles: Pick<ScopedCache<StoredProfile>, "subscribe">;
  readonly pods: Pick<ScopedCache<PodView | undefined>, "subscribe" | "get" | "values">;
  readonly failedPods: Pick<ScopedCache<PodView | undefined>, "subscribe">;
  readonly nodes: Pick<ScopedCache<NodeView>, "subscribe">;
  readonly deviceClasses: Pick<ScopedCache<DeviceClassView>, "subscribe">;
  readonly resourceSlices: Pick<ScopedCache<ResourceSliceView>, "subscribe">;
  readonly deviceTaintRules: Pick<ScopedCache<DeviceTaintRuleView>, "subscribe">;
  readonly claims: Pick<ScopedCache<ResourceClaimView>, "subscribe">;
  readonly replicaSets: Pick<ScopedCache<ReplicaSetView>, "subscribe">;
  readonly gateways: Pick<ScopedCache<GatewayView>, "subscribe">;
  readonly ingressClasses: Pick<ScopedCache<IngressClassView>, "subscribe">;
  readonly prometheuses: Pick<ScopedCache<PrometheusView>, "subscribe">;
  readonly thanosRulers: Pick<ScopedCache<PrometheusView>, "subscribe">;
  readonly routesOf: (gateway: ObjectKey) => readonly Pick<ChildView, "services">[];
  readonly childCaches: Iterable<Pick<ScopedCache<ChildView>, "subscribe">>;
}

/** A rollout is a burst of status changes: one reconcile for several of them saves writes. */
const echoDelayMs = 100;

export function subscribeTriggers(cache: Sources, enqueue: Enqueue): void {
  const echo = (service: ObjectKey): void => enqueue(service, "echo", echoDelayMs);
  cache.services.subscribe((change) => {
    const priority = priorityOfService(change);
    if (priority !== undefined) enqueue(change.key, priority);
  });
  for (const children of cache.childCaches) {
    children.subscribe((change) => {
      const priority = priorityOfChild(change);
      if (priority === undefined) return;
      for (const service of servicesOf(change)) {
        if (priority === "echo") echo(service);
        else enqueue(service, priority);
      }
    });
  }
  const resyncAll = (): void => {
    for (const service of cache.services.values()) enqueue(objectKey(service), "resync");
  };
  cache.profiles.subscribe(resyncAll);
  for (const loaders of [cache.prometheuses, cache.thanosRulers]) {
    loaders.subscribe((change) => {
      // Its status changes often, and is not kept.
      if (differs(change)) resyncAll();
    });
  }
  cache.pods.subscribe((change) => {
    const [before, now] = [previousOf(change), currentOf(change)];
    if (JSON.stringify(before) === JSON.stringify(now)) return;
    const service = now?.service ?? before?.service;
    if (service !== undefined) echo(service);
    if (freesDevices(before, now)) for (const waiting of waitingServices(cache)) echo(waiting);
  });
  cache.failedPods.subscribe((change) => {
    const service = (currentOf(change) ?? previousOf(change))?.service;
    if (service !== undefined) echo(service);
  });
  cache.replicaSets.subscribe((change) => {
    // The last one that used a ResourceClaimTemplate: the template can be deleted.
    if (change.type !== "deleted" || change.previous.claimTemplate === undefined) return;
    echo(change.previous.claimTemplate.service);
  });
  cache.gateways.subscribe((change) => {
    if (!differs(change)) return;
    for (const { services } of cache.routesOf(change.key)) for (const service of services) echo(service);
  });
  // How pods ask for GPUs may depend on the former; the latter are few, and change with an installation.
  for (const classes of [cache.deviceClasses, cache.ingressClasses]) {
    classes.subscribe((change) => {
      if (differs(change)) resyncAll();
    });
  }
  const devicesChange = (change: StoreChange<object>): void => {
    // A node's heartbeat changes it every few seconds.
    if (!differs(change)) return;
    for (const waiting of waitingServices(cache)) echo(waiting);
  };
  cache.nodes.subscribe(devicesChange);
  cache.resourceSlices.subscribe(devicesChange);
  cache.deviceTaintRules.subscribe(devicesChange);
  cache.claims.subscribe((change) => {
    if (!differs(change)) return;
    const [before, now] = [previousOf(change), currentOf(change)];
    for (const pod of new Set([...(before?.pods ?? []), ...(now?.pods ?? [])])) {
      const service = cache.pods.get(pod)?.service;
      if (service !== undefined) echo(service);
    }
    if ((before?.devices.length ?? 0) === 0 || now?.devices.length === before?.devices.length) return;
    for (const waiting of waitingServices(cache)) echo(waiting);
  });
}

/** Does what the cache keeps of the object differ? */
function differs(change: StoreChange<object>): boolean {
  return JSON.stringify(previousOf(change)) !== JSON.stringify(currentOf(change));
}

/** Ignores this operator's own writes and changes of metadata only. */
function priorityOfService(change: StoreChange<StoredService>): Priority | undefined {
  if (change.type === "deleted") return "edit";
  if (change.type === "added") return change.origin === "list" ? "resync" : "create";
  const { previous, current, origin } = change;
  if (origin === "write") return undefined;
  const edited =
    previous.metadata.generation !== current.metadata.generation ||
    previous.metadata.deletionTimestamp !== current.metadata.deletionTimestamp;
  if (edited) return "edit";
  return JSON.stringify(previous.status) === JSON.stringify(current.status) ? undefined : "echo";
}

function priorityOfChild(change: StoreChange<ChildView>): Priority | undefined {
  if (change.origin === "write") return undefined;
  if (change.type === "added" && change.origin === "list") return "resync";
  if (change.type !== "updated") return "edit";
  const contents = ({ owned, metadata, services }: ChildView): string => {
    const { resourceVersion: _moves, ...lasting } = metadata;
    return JSON.stringify([owned, lasting, services]);
  };
  return contents(change.previous) === contents(change.current) ? "echo" : "edit";
}

function servicesOf(change: StoreChange<ChildView>): ReadonlySet<ObjectKey> {
  return new Set([...(previousOf(change)?.services ?? []), ...(currentOf(change)?.services ?? [])]);
}

/** Has a pod released devices that another one may be waiting for? */
function freesDevices(before: PodView | undefined, now: PodView | undefined): boolean {
  const held = (pod: PodView | undefined): number =>
    pod?.node === undefined ? 0 : Object.values(pod.devices).reduce((sum, count) => sum + count, 0);
  return held(before) > held(now);
}

function waitingServices({ pods }: Pick<Sources, "pods">): ReadonlySet<ObjectKey> {
  const waiting = new Set<ObjectKey>();
  for (const pod of pods.values()) {
    if (pod?.service !== undefined && pod.node === undefined) waiting.add(pod.service);
  }
  return waiting;
}
