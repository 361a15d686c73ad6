/** Everything that a reconcile of one service decides from: plain data, read from the caches at one moment. */
import type { DesiredChild } from "../desired/children.ts";
import type { ClusterFeatures } from "../desired/context.ts";
import { objectKey, type KubeObject, type ObjectKey, type ResourceType } from "../kube/object.ts";
import { loadTestType, type LoadTestCache } from "../loadtest/cache.ts";
import { rolloutTestName, type LoadTestsOfService } from "../loadtest/rollout-test.ts";
import { childKind, childName, childRoles, type ChildKind, type NamedRole } from "../observe/child-kinds.ts";
import type { ChildView } from "../observe/child-view.ts";
import { profileName, type ClusterCache, type StoredProfile, type StoredService } from "../observe/cluster-cache.ts";
import { karpenterNodeLabel } from "../neighbours/karpenter.ts";
import { dcgmMetricsName } from "../observe/names.ts";
import type { GatewayView } from "../observe/gateway-view.ts";
import type { IngressClassView } from "../observe/ingress-class-view.ts";
import type { QuotaView } from "../observe/quota-view.ts";
import type { PrometheusView } from "../observe/prometheus-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { GpuSnapshot } from "../observe/gpu-ledger.ts";
import type { Clock } from "../runtime/clock.ts";
import { exportTargets, isPolled, readPods } from "../utilization/reading.ts";
import type { UtilizationWindow } from "../utilization/window.ts";

export interface Snapshot extends LiveState {
  readonly key: ObjectKey;
  readonly stored: StoredService;
  /** The GpuMediaProfile that `spec.profile` names, and those that it is based on. */
  readonly profiles: ReadonlyMap<string, StoredProfile>;
  /** The optional kinds that the cluster serves. */
  readonly served: ReadonlySet<ChildKind>;
  readonly features: ClusterFeatures;
  /** Groups of APIs that are registered, and whose servers the API server does not reach. */
  readonly unreachableApis: ReadonlySet<string>;
}

/** What a refresh reads again. */
interface LiveState {
  readonly children: Readonly<Partial<Record<NamedRole, ChildView>>>;
  /** The ResourceClaimTemplates of the service. */
  readonly claimTemplates: readonly ChildView[];
  /** The hashes of those that ReplicaSets use; undefined: not known. */
  readonly usedClaimTemplates: ReadonlySet<string> | undefined;
  /** KEDA's, created from the ScaledObject; it has the ScaledObject's labels. */
  readonly kedaAutoscaler: ChildView | undefined;
  /** All Gateways; undefined while they are not known. */
  readonly gateways: ReadonlyMap<ObjectKey, GatewayView> | undefined;
  /** By name; undefined while the IngressClasses are not known. */
  readonly ingressClasses: ReadonlyMap<string, IngressClassView> | undefined;
  /** All Prometheuses; undefined while they are not known. */
  readonly prometheuses: readonly PrometheusView[] | undefined;
  /** By name, so that a message that names one of them names the same one after a restart. */
  readonly pods: readonly PodView[];
  /** Those that kubelets have failed: they take no room, and are only reported. */
  readonly failedPods: readonly PodView[];
  /** What the pods reported of their utilization. */
  readonly reports: ReturnType<typeof readPods>;
  /** Open sessions by the pod's UID; none of a pod that has not reported lately. */
  readonly sessions: ReadonlyMap<string, number>;
  /** UIDs of the pods on nodes that Karpenter manages. */
  readonly karpenterPods: ReadonlySet<string>;
  readonly gpus: GpuSnapshot;
  /** The ResourceQuotas of the service's namespace; none while they are not known. */
  readonly quotas: readonly QuotaView[];
  /** All services whose Deployments are replacing pods. */
  readonly rolling: ReadonlySet<ObjectKey>;
  readonly loadTests: LoadTestsOfService;
  /** Do all pods that report export the targets of the service? Undefined when no pod reports. */
  readonly exportTargets: boolean | undefined;
  /** When the shared PrometheusRules and dashboards that this service may use were created, in ms since 1970. */
  readonly sharedSince: ReadonlyMap<ObjectKey, number>;
  /** What loads PrometheusRules; undefined while that is not known. */
  readonly ruleLoaders: readonly PrometheusView[] | undefined;
  /** The ConfigMap for the DCGM exporters is not managed by this operator. */
  readonly dcgmTaken: boolean;
}

/** The child as it is in the snapshot. */
export function liveChild(
  { children, claimTemplates }: Pick<Snapshot, "children" | "claimTemplates">,
  { role, name }: Pick<DesiredChild, "role" | "name">,
): ChildView | undefined {
  if (role !== "resourceClaimTemplate") return children[role];
  return claimTemplates.find(({ metadata }) => metadata.name === name);
}

export interface SnapshotSource {
  /** Undefined when there is no such service. */
  gather(key: ObjectKey): Snapshot | undefined;
  /** Reads again what writes may have changed. The service and its profiles stay those that were decided from. */
  refresh(snapshot: Snapshot): Snapshot;
  /** Puts the response to a write into the caches, so that the next read is not older than the write. */
  written(type: ResourceType, object: KubeObject): void;
  deleted(type: ResourceType, key: ObjectKey, uid: string): void;
}

export interface SnapshotSources {
  readonly cache: ClusterCache;
  readonly loadTests: LoadTestCache;
  readonly window: UtilizationWindow;
  readonly startFailureOf: (pod: PodView) => PodView["startFailure"];
  readonly provisioningOf: (pod: PodView) => PodView["provisioning"];
  readonly features: () => ClusterFeatures;
  readonly unreachableApis: () => ReadonlySet<string>;
  readonly operatorNamespace: string;
  readonly clock: Pick<Clock, "now">;
}

export function createSnapshotSource(sources: SnapshotSources): SnapshotSource {
  const { cache, loadTests, features } = sources;
  return {
    gather(key) {
      const stored = cache.services.get(key);
      if (stored === undefined) return undefined;
      const profiles = profilesOf(stored, cache);
      return {
        key,
        stored,
        profiles,
        served: cache.servedKinds(),
        features: features(),
        unreachableApis: sources.unreachableApis(),
        ...liveState(key, sources),
      };
    },
    refresh: (snapshot) => ({ ...snapshot, ...liveState(snapshot.key, sources) }),
    written(type, object) {
      if (type === loadTestType) loadTests.tests.observeWrite(object);
      else cache.of(type).observeWrite(object);
    },
    deleted: (type, key, uid) => cache.of(type).observeDelete(key, uid),
  };
}

/** The chain that `resolveProfile` follows; it also reports what is wrong with the chain. */
function profilesOf(stored: StoredService, { profiles }: ClusterCache): ReadonlyMap<string, StoredProfile> {
  const chain = new Map<string, StoredProfile>();
  let name = profileName(stored);
  for (let next = profiles.get(`/${name}`); next !== undefined && !chain.has(name); next = profiles.get(`/${name}`)) {
    chain.set(name, next);
    name = next.spec?.basedOn ?? name;
  }
  return chain;
}

function liveState(key: ObjectKey, sources: SnapshotSources): LiveState {
  const { cache, loadTests, window, startFailureOf, provisioningOf, operatorNamespace, clock } = sources;
  const now = clock.now();
  const children: Partial<Record<NamedRole, ChildView>> = {};
  for (const role of childRoles) {
    const live = cache.children(childKind(role)).get(childName(role, key));
    if (live !== undefined) children[role] = live;
  }
  const pods = cache
    .podsOf(key)
    .filter((pod) => pod !== undefined)
    .map((pod) => {
      const [startFailure, provisioning] = [startFailureOf(pod), provisioningOf(pod)];
      return startFailure === undefined && provisioning === undefined ? pod : { ...pod, startFailure, provisioning };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const [namespace = "", name = ""] = key.split("/");
  const rolloutTest = rolloutTestName(name, children.deployment?.revision ?? 0);
  return {
    children,
    claimTemplates: cache.claimTemplatesOf(key),
    usedClaimTemplates: cache.usedClaimTemplates(key),
    kedaAutoscaler: kedaAutoscaler(namespace, children.scaledObject, cache),
    gateways: cache.knownGateways(),
    ingressClasses: cache.knownIngressClasses(),
    prometheuses: cache.knownPrometheuses(),
    pods,
    failedPods: cache.failedPodsOf(key).filter((pod) => pod !== undefined),
    reports: readPods(pods, window, (node) => cache.nodes.get(`/${node}`)?.labels, now),
    sessions: new Map(
      pods.filter(isPolled).flatMap(({ uid }) => {
        const sessions = window.fresh(uid, now)?.sessions;
        return sessions === undefined ? [] : [[uid, sessions]];
      }),
    ),
    karpenterPods: new Set(
      pods.flatMap(({ uid, node = "" }) =>
        cache.nodes.get(`/${node}`)?.labels[karpenterNodeLabel] === undefined ? [] : [uid],
      ),
    ),
    gpus: cache.gpuSnapshot(),
    quotas: cache.quotasOf(namespace),
    rolling: cache.rolling(),
    loadTests: {
      synced: loadTests.synced,
      tests: loadTests.ofService(key),
      hasRolloutTest: loadTests.tests.get(`${namespace}/${rolloutTest}`) !== undefined,
    },
    exportTargets: exportTargets(pods, window, now),
    sharedSince: sharedSince(namespace, sources),
    ruleLoaders: cache.ruleLoaders(),
    dcgmTaken: cache.dcgm.get(`${operatorNamespace}/${dcgmMetricsName}`)?.owned.by === "none",
  };
}

function kedaAutoscaler(
  namespace: string,
  scaledObject: ChildView | undefined,
  cache: ClusterCache,
): ChildView | undefined {
  const { hpaName } = scaledObject?.status ?? {};
  return hpaName === undefined ? undefined : cache.childOf("horizontalPodAutoscaler", `${namespace}/${hpaName}`);
}

function sharedSince(namespace: string, { cache, operatorNamespace }: SnapshotSources): ReadonlyMap<ObjectKey, number> {
  const since = new Map<ObjectKey, number>();
  for (const near of new Set([namespace, operatorNamespace])) {
    for (const { metadata, owned, createdAt } of cache.sharedIn(near)) {
      if (owned.by !== "none" && metadata.deletionTimestamp === undefined) {
        since.set(objectKey({ metadata }), Date.parse(createdAt));
      }
    }
  }
  return since;
}
