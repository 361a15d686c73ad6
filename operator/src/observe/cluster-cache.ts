/** The caches that watches keep current: each kind in the form that its readers need. */
import { defaultProfileName, type GpuMediaProfile, type GpuMediaService } from "@gpumedia/api";
import { childKinds, type ChildKind, type ChildKindName } from "./child-kinds.ts";
import { dcgmMetricsName, serviceLabel, sharedLabel } from "./names.ts";
import type { ApiClient } from "../kube/client.ts";
import type { Apis } from "../kube/discovery.ts";
import { clusterType, namespacedType, type KubeObject, type ObjectKey, type ResourceType } from "../kube/object.ts";
import { ownership } from "../kube/ownership.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import { isRolling, viewChild, type ChildView, type LiveChild } from "./child-view.ts";
import { deviceClassType, viewDeviceClass, type DeviceClassView } from "./device-class-view.ts";
import { DeviceLedger } from "./device-ledger.ts";
import { deviceTaintRuleType, viewDeviceTaintRule, type DeviceTaintRuleView } from "./device-taint-rule-view.ts";
import { gatewayKey, gatewayType, viewGateway, type GatewayView } from "./gateway-view.ts";
import { GpuLedger, type GpuSnapshot } from "./gpu-ledger.ts";
import { ingressClassType, viewIngressClass, type IngressClassView } from "./ingress-class-view.ts";
import { viewNode, type NodeView } from "./node-view.ts";
import { ownerOf } from "./owner.ts";
import { viewPod, type PodView } from "./pod-view.ts";
import { prometheusType, thanosRulerType, viewPrometheus, type PrometheusView } from "./prometheus-view.ts";
import { quotaType, viewQuota, type QuotaView } from "./quota-view.ts";
import { replicaSetType, viewReplicaSet, type ReplicaSetView } from "./replica-set-view.ts";
import { resourceClaimType, viewResourceClaim, type ResourceClaimView } from "./resource-claim-view.ts";
import { resourceSliceType, viewResourceSlice, type ResourceSliceView } from "./resource-slice-view.ts";
import { ScopedCache, type ScopedCacheOptions } from "./scoped-cache.ts";

/** A GpuMediaService as the API server has it, without `managedFields`. Its spec may be older than the schema. */
export type StoredService = GpuMediaService & KubeObject;
export type StoredProfile = GpuMediaProfile & KubeObject;

/** An object that services share, besides the list for the DCGM exporters. */
export interface SharedView extends LiveChild {
  /** RFC 3339. */
  readonly createdAt: string;
}

export interface ClusterCacheOptions {
  readonly client: Pick<ApiClient, "list" | "watch">;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly operatorNamespace: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export const serviceType = gpumedia("GpuMediaService", "gpumediaservices", true);
export const profileType = gpumedia("GpuMediaProfile", "gpumediaprofiles", false);
export const podType = namespacedType("v1", "Pod", "pods");
const nodeType = clusterType("v1", "Node", "nodes");

function gpumedia(kind: string, resource: string, namespaced: boolean): ResourceType {
  return { group: "gpumedia.io", version: "v1alpha1", kind, resource, namespaced };
}

/** For what RBAC may forbid: nodes, and objects that an operator of an earlier version did not read. */
const unsureWaitMs = 5_000;

type Followed = Pick<ScopedCache<unknown>, "type" | "run" | "whenSynced">;

interface ListWatchRun {
  readonly controller: AbortController;
  /** Resolves once the store is empty. */
  readonly ended: Promise<void>;
}

export class ClusterCache {
  readonly services: ScopedCache<StoredService>;
  readonly profiles: ScopedCache<StoredProfile>;
  readonly servicesOfProfile: (profile: string) => readonly StoredService[];
  readonly pods: ScopedCache<PodView | undefined>;
  /** The pods of services that kubelets have failed. */
  readonly failedPods: ScopedCache<PodView | undefined>;
  readonly nodes: ScopedCache<NodeView>;
  readonly #quotas: ScopedCache<QuotaView>;
  readonly quotasOf: (namespace: string) => readonly QuotaView[];
  /** The ReplicaSets of services. */
  readonly replicaSets: ScopedCache<ReplicaSetView>;
  /** The ConfigMap for the DCGM exporters, managed by this operator or not. */
  readonly dcgm: ScopedCache<ChildView>;
  /** The Gateways of all namespaces; empty while their API is not served. */
  readonly gateways: ScopedCache<GatewayView>;
  /** The HTTPRoutes and UDPRoutes that name a Gateway. */
  readonly routesOf: (gateway: ObjectKey) => readonly ChildView[];
  /** All IngressClasses; none while RBAC forbids listing them. */
  readonly ingressClasses: ScopedCache<IngressClassView>;
  /** The Prometheuses of all namespaces; empty while their API is not served. */
  readonly prometheuses: ScopedCache<PrometheusView>;
  /** The ThanosRulers of all namespaces, which load rules, too. */
  readonly thanosRulers: ScopedCache<PrometheusView>;
  /** The shared PrometheusRules; empty while their API is not served. */
  readonly sharedRules: ScopedCache<SharedView>;
  /** The ConfigMaps with the shared dashboards. */
  readonly sharedDashboards: ScopedCache<SharedView>;
  /** Both, by namespace. */
  readonly sharedIn: (namespace: string) => readonly SharedView[];
  readonly gpus = new GpuLedger();
  readonly devices = new DeviceLedger((pod) => this.pods.get(pod)?.service);
  /** These are empty while their API is not served. */
  readonly deviceClasses: ScopedCache<DeviceClassView>;
  readonly resourceSlices: ScopedCache<ResourceSliceView>;
  readonly claims: ScopedCache<ResourceClaimView>;
  readonly deviceTaintRules: ScopedCache<DeviceTaintRuleView>;
  readonly podsOf: (service: ObjectKey) => readonly (PodView | undefined)[];
  readonly failedPodsOf: (service: ObjectKey) => readonly (PodView | undefined)[];
  readonly #rolling: (key: "") => readonly ChildView[];
  /** The ResourceClaimTemplates of a service. */
  readonly claimTemplatesOf: (service: ObjectKey) => readonly ChildView[];
  readonly #replicaSetsWithClaims: (service: ObjectKey) => readonly ReplicaSetView[];
  readonly #byKey = remembered(
    (gateways: readonly GatewayView[]): ReadonlyMap<ObjectKey, GatewayView> =>
      new Map(gateways.map((gateway) => [gateway.key, gateway])),
  );
  readonly #byName = remembered(
    (classes: readonly IngressClassView[]): ReadonlyMap<string, IngressClassView> =>
      new Map(classes.map((one) => [one.name, one])),
  );
  readonly #together = remembered((...loaders: readonly (readonly PrometheusView[])[]) => loaders.flat());
  readonly #clock: Clock;
  readonly #children: ReadonlyMap<ChildKind, ScopedCache<ChildView>>;
  /** What is watched only while its API is served. */
  readonly #optional: readonly Followed[];
  /** Those that are watched now. */
  readonly #followed = new Map<Followed, ListWatchRun>();
  /** Those that are no longer watched, and whose store is not empty yet. */
  readonly #ending = new Map<Followed, Promise<void>>();
  /** Empties what is derived from a cache: a store that is emptied notifies no listener. */
  readonly #forget: ReadonlyMap<Followed, () => void>;
  #apis: Pick<Apis, "serves"> = { serves: () => false };

  constructor({ client, namespaces, operatorNamespace, clock, log }: ClusterCacheOptions) {
    this.#clock = clock;
    const scoped = <T>(
      type: ResourceType,
      project: (object: KubeObject) => T,
      more: Partial<ScopedCacheOptions<T>> = {},
    ) => new ScopedCache(client, type, { namespaces, project, clock, log, ...more });
    this.services = scoped(serviceType, withoutManagedFields<StoredService>);
    this.servicesOfProfile = this.services.lookup((service) => [profileName(service)]);
    this.profiles = scoped(profileType, withoutManagedFields<StoredProfile>);
    this.nodes = scoped(nodeType, viewNode);
    this.#quotas = scoped(quotaType, viewQuota);
    this.quotasOf = this.#quotas.lookup((quota) => [quota.namespace]);
    // Finished pods hold no devices. Pods of other namespaces hold GPUs, too, but an operator that may only read some
    // namespaces does not see them.
    this.pods = scoped(podType, viewPod, {
      selection: { fieldSelector: "status.phase!=Succeeded,status.phase!=Failed" },
    });
    // One that a kubelet has failed says why. Those of other workloads, of which there may be thousands, are not listed.
    this.failedPods = scoped(podType, viewPod, {
      selection: { labelSelector: serviceLabel, fieldSelector: "status.phase=Failed" },
    });
    this.replicaSets = scoped(replicaSetType, viewReplicaSet, {
      selection: { labelSelector: serviceLabel, metadataOnly: true },
    });
    const services = (pod: PodView | undefined): readonly string[] => (pod?.service === undefined ? [] : [pod.service]);
    this.podsOf = this.pods.lookup(services);
    this.failedPodsOf = this.failedPods.lookup(services);
    this.pods.subscribe(this.gpus.observePod);
    this.nodes.subscribe(this.gpus.observeNode);
    this.deviceClasses = scoped(deviceClassType, viewDeviceClass);
    this.resourceSlices = scoped(resourceSliceType, viewResourceSlice);
    this.claims = scoped(resourceClaimType, viewResourceClaim);
    this.deviceTaintRules = scoped(deviceTaintRuleType, viewDeviceTaintRule);
    this.deviceTaintRules.subscribe(this.devices.observeTaintRule);
    this.deviceClasses.subscribe(this.devices.observeClass);
    this.resourceSlices.subscribe(this.devices.observeSlice);
    this.claims.subscribe(this.devices.observeClaim);
    this.pods.subscribe(this.devices.observePod);
    this.#forget = new Map<Followed, () => void>([
      [this.deviceClasses, () => this.devices.forgetClasses()],
      [this.resourceSlices, () => this.devices.forgetSlices()],
      [this.claims, () => this.devices.forgetClaims()],
      [this.deviceTaintRules, () => this.devices.forgetTaintRules()],
    ]);
    this.dcgm = scoped(childKinds.configMap.type, viewChild(childKinds.configMap), {
      namespaces: [operatorNamespace],
      selection: { fieldSelector: `metadata.name=${dcgmMetricsName}` },
    });
    const shared = (kind: ChildKind): ScopedCache<SharedView> =>
      scoped(kind.type, viewShared, {
        namespaces: namespaces.length === 0 ? [] : [...new Set([...namespaces, operatorNamespace])],
        selection: { labelSelector: sharedLabel },
      });
    this.sharedRules = shared(childKinds.prometheusRule);
    this.sharedDashboards = shared(childKinds.configMap);
    const [rulesIn, dashboardsIn] = [this.sharedRules, this.sharedDashboards].map((kept) =>
      kept.lookup(({ metadata }) => [metadata.namespace ?? ""]),
    );
    this.sharedIn = (namespace) => [...(rulesIn?.(namespace) ?? []), ...(dashboardsIn?.(namespace) ?? [])];
    const kinds: readonly ChildKind[] = Object.values(childKinds);
    this.#children = new Map(
      kinds.map((kind) => [kind, scoped(kind.type, viewChild(kind), { selection: { labelSelector: serviceLabel } })]),
    );
    // Those of platform teams are in other namespaces.
    this.gateways = scoped(gatewayType, viewGateway, { namespaces: [] });
    this.ingressClasses = scoped(ingressClassType, viewIngressClass);
    this.prometheuses = scoped(prometheusType, viewPrometheus, { namespaces: [] });
    this.thanosRulers = scoped(thanosRulerType, viewPrometheus, { namespaces: [] });
    this.#optional = [
      ...kinds.filter(({ optional }) => optional).map((kind) => this.children(kind)),
      this.gateways,
      this.prometheuses,
      this.thanosRulers,
      this.sharedRules,
      ...this.#dra,
      this.deviceTaintRules,
    ];
    const [httpRoutesOf, udpRoutesOf] = [childKinds.httpRoute, childKinds.udpRoute].map((kind) =>
      this.children(kind).lookup(({ spec, metadata }) =>
        (spec.parentRefs ?? []).flatMap((ref) => gatewayKey(ref, metadata.namespace ?? "") ?? []),
      ),
    );
    this.routesOf = (gateway) => [...(httpRoutesOf?.(gateway) ?? []), ...(udpRoutesOf?.(gateway) ?? [])];
    this.claimTemplatesOf = this.children(childKinds.resourceClaimTemplate).lookup(({ services }) => services);
    this.#replicaSetsWithClaims = this.replicaSets.lookup(({ claimTemplate }) =>
      claimTemplate === undefined ? [] : [claimTemplate.service],
    );
    this.#rolling = this.children(childKinds.deployment).lookup((view) => (isRolling(view) ? [""] : []));
  }

  children(kind: ChildKind): ScopedCache<ChildView> {
    const cache = this.#children.get(kind);
    if (cache === undefined) throw new Error(`${kind.type.kind} is not among childKinds`);
    return cache;
  }

  childOf(kind: ChildKindName, key: ObjectKey): ChildView | undefined {
    return this.children(childKinds[kind]).get(key);
  }

  /** The cache that keeps what this operator writes of the type. */
  of(type: ResourceType): Pick<ScopedCache<unknown>, "observeWrite" | "observeDelete"> {
    const written = [this.services, this.profiles, this.pods, ...this.#children.values()].find(
      (cache) => cache.type === type,
    );
    if (written === undefined) throw new Error(`${type.kind} is not kept for writing`);
    return written;
  }

  /** The services whose Deployments are replacing pods. */
  rolling(): ReadonlySet<ObjectKey> {
    return new Set(this.#rolling("").flatMap(({ services }) => services));
  }

  get childCaches(): Iterable<ScopedCache<ChildView>> {
    return this.#children.values();
  }

  /**
   * Does the pod belong to the Deployment of the service that its label names? Anyone in the namespace may set labels, so
   * owners are followed by UID. Undefined until the ReplicaSets have been listed.
   */
  isControlled(pod: PodView): boolean | undefined {
    if (!this.replicaSets.synced) return undefined;
    if (pod.service === undefined || pod.replicaSet === undefined) return false;
    const deployment = this.childOf("deployment", pod.service);
    if (deployment === undefined || ownerOf(deployment.metadata)?.uid !== this.services.get(pod.service)?.metadata.uid)
      return false;
    const replicaSet = this.replicaSets.get(`${pod.namespace}/${pod.replicaSet.name}`);
    return replicaSet?.uid === pod.replicaSet.uid && replicaSet.deployment === deployment.metadata.uid;
  }

  /** Hashes of the ResourceClaimTemplates that ReplicaSets of the service use; undefined until those have been listed. */
  usedClaimTemplates(service: ObjectKey): ReadonlySet<string> | undefined {
    if (!this.replicaSets.synced) return undefined;
    return new Set(this.#replicaSetsWithClaims(service).flatMap(({ claimTemplate }) => claimTemplate?.hash ?? []));
  }

  /** Undefined while the Gateways are not known: their API is not served, or RBAC forbids listing them. */
  knownGateways(): ReadonlyMap<ObjectKey, GatewayView> | undefined {
    if (!this.#followed.has(this.gateways) || !this.gateways.synced) return undefined;
    return this.#byKey(this.gateways.all());
  }

  /** By name; undefined while they are not known. */
  knownIngressClasses(): ReadonlyMap<string, IngressClassView> | undefined {
    return this.ingressClasses.synced ? this.#byName(this.ingressClasses.all()) : undefined;
  }

  /** Undefined while the Prometheuses are not known: their API is not served, or RBAC forbids listing them. */
  knownPrometheuses(): readonly PrometheusView[] | undefined {
    if (!this.#followed.has(this.prometheuses) || !this.prometheuses.synced) return undefined;
    return this.prometheuses.all();
  }

  /** Who holds the GPUs of which node now. */
  gpuSnapshot(): GpuSnapshot {
    // Without the claims, every device would seem to be free.
    const knowsDra =
      this.#dra.every((cache) => this.#followed.has(cache) && cache.synced) &&
      (!this.#followed.has(this.deviceTaintRules) || this.deviceTaintRules.synced);
    return {
      synced: this.nodes.synced && this.pods.synced,
      nodes: this.gpus.snapshot(),
      dra: knowsDra ? this.devices.snapshot() : undefined,
    };
  }

  get #dra(): readonly (Followed & { readonly synced: boolean })[] {
    return [this.deviceClasses, this.resourceSlices, this.claims];
  }

  /** The optional kinds whose API is served and whose objects have been listed. */
  servedKinds(): ReadonlySet<ChildKind> {
    return new Set(
      [...this.#children].filter(([, cache]) => this.#followed.has(cache) && cache.synced).map(([kind]) => kind),
    );
  }

  /** What every reconcile reads, besides the children. */
  get #required(): readonly Pick<ScopedCache<unknown>, "run" | "whenSynced">[] {
    return [this.services, this.profiles, this.pods, this.failedPods, this.dcgm];
  }

  /** What loads rules; undefined while that is not known, also because RBAC forbids it. */
  ruleLoaders(): readonly PrometheusView[] | undefined {
    const served = [this.prometheuses, this.thanosRulers].filter((cache) => this.#followed.has(cache));
    return served.every((cache) => cache.synced) ? this.#together(...served.map((cache) => cache.all())) : undefined;
  }

  /** Watches the kinds that every cluster serves, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const builtIn = [...this.#children].filter(([kind]) => !kind.optional).map(([, cache]) => cache);
    // No reconcile waits for the last three: RBAC of an older version may forbid to list them.
    const unsure = [this.sharedDashboards, this.#quotas, this.ingressClasses];
    const all = [...this.#required, this.replicaSets, this.nodes, ...builtIn, ...unsure];
    await Promise.all(all.map((cache) => cache.run(signal)));
  }

  /** Resolves when everything that a reconcile reads has been listed; for what RBAC may forbid, it waits 5 s at most. */
  async whenSynced(): Promise<void> {
    const caches = [...this.#children].filter(([kind, cache]) => !kind.optional || this.#followed.has(cache));
    await Promise.all([...this.#required, ...caches.map(([, cache]) => cache)].map((cache) => cache.whenSynced()));
    // Without these, the first statuses would report GPUs, Gateways and rules as unknown, and be written a second time, and
    // the first rollouts would ignore quotas.
    const optional = [this.gateways, this.prometheuses, this.thanosRulers, ...this.#dra, this.deviceTaintRules];
    const served = optional.filter((cache) => this.#followed.has(cache));
    const unsure = [this.nodes, this.#quotas, this.ingressClasses, ...served];
    const { promise: timeout, resolve } = Promise.withResolvers<void>();
    const cancel = this.#clock.after(unsureWaitMs, resolve);
    await Promise.race([Promise.all(unsure.map((cache) => cache.whenSynced())), timeout]);
    cancel();
  }

  /** Watches exactly the optional kinds that are served. Calls back when a kind can be used or is no longer served. */
  followOptional(apis: Pick<Apis, "serves">, signal: AbortSignal, onChange: () => void): void {
    this.#apis = apis;
    for (const cache of this.#optional) {
      const served = apis.serves(cache.type);
      const watched = this.#followed.get(cache);
      const ending = this.#ending.get(cache);
      if (served && watched === undefined && ending === undefined) {
        const controller = new AbortController();
        const ended = cache.run(AbortSignal.any([signal, controller.signal]));
        this.#followed.set(cache, { controller, ended });
        void cache.whenSynced().then(onChange);
      } else if (served && watched === undefined) {
        // The last list-watch would empty the store under the next one.
        void ending?.then(() => this.followOptional(this.#apis, signal, onChange));
      } else if (!served && watched !== undefined) {
        this.#followed.delete(cache);
        const ended = watched.ended.then(() => void this.#ending.delete(cache));
        this.#ending.set(cache, ended);
        this.#forget.get(cache)?.();
        watched.controller.abort(new Error(`${cache.type.kind} is no longer served`));
        onChange();
      }
    }
  }
}

/** Returns the last result again for the same arguments: every reconcile reads it, and most find nothing changed. */
function remembered<A extends readonly unknown[], R>(compute: (...inputs: A) => R): (...inputs: A) => R {
  let last: { readonly inputs: A; readonly result: R } | undefined;
  return (...inputs) => {
    if (last === undefined || !isSame(last.inputs, inputs)) last = { inputs, result: compute(...inputs) };
    return last.result;
  };
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((input, index) => input === b[index]);
}

function viewShared(object: KubeObject): SharedView {
  const { name, namespace, uid, resourceVersion, deletionTimestamp, creationTimestamp } = object.metadata;
  return {
    metadata: {
      name,
      uid,
      resourceVersion,
      ...(namespace === undefined ? {} : { namespace }),
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    owned: ownership(object),
    createdAt: creationTimestamp,
  };
}

/** The profile that a service names. */
export function profileName({ spec }: Pick<StoredService, "spec">): string {
  return spec?.profile ?? defaultProfileName;
}

/** For the operator's own kinds, of which it does not read them: they are a third of the object. */
export function withoutManagedFields<T extends KubeObject>(object: KubeObject): T {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata } as T;
}
