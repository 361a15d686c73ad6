/** Everything that a pass over one service reads, taken at once: nothing in it changes while the pass decides. */
import type { ChildKind } from "./child-kinds.ts";
import type { ProfileLookup } from "../effective/profiles.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { GpuView } from "../status/gpu-shortage.ts";
import type { ChildView } from "./child-view.ts";
import { hasEnded } from "./gpu-ledger.ts";
import type { PodView } from "./pod-view.ts";
import type { StoredService, ClusterCache } from "./cluster-cache.ts";

export interface Snapshot {
  readonly service: StoredService;
  readonly profiles: ProfileLookup;
  readonly live: (child: { readonly kind: ChildKind; readonly name: string }) => ChildView | undefined;
  readonly served: (kind: ChildKind) => boolean;
}

/** Undefined when there is no such service. */
export function gather(cache: ClusterCache, key: ObjectKey): Snapshot | undefined {
  const service = cache.services.get(key);
  if (service === undefined) return undefined;
  const namespace = service.metadata.namespace ?? "";
  return {
    service,
    profiles: { get: (name) => cache.profiles.get(`/${name}`) },
    live: ({ kind, name }) => cache.children(kind).get(`${namespace}/${name}`),
    served: (kind) => cache.serves(kind),
  };
}

export function podsOf(cache: ClusterCache, key: ObjectKey): readonly PodView[] {
  // By name, so that a message that picks one picks the same again after a restart.
  const pods = cache.podsOf(key).filter((pod) => pod !== undefined);
  return pods.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** The cluster's GPUs as this service may use them. */
export function gpusFor(cache: ClusterCache, service: EffectiveService): GpuView {
  const { resourceName, count } = service.gpu;
  return {
    resource: resourceName,
    perReplica: count,
    synced: cache.nodes.synced && cache.pods.synced,
    devices: count === 0 ? [] : cache.gpus.devices(resourceName, cache.nodes.values()),
    holders: (nodes) => holders(cache, resourceName, nodes),
    nodeSelector: service.scheduling.nodeSelector,
    tolerations: service.scheduling.tolerations,
  };
}

/** Only asked for when a pod waits, as it looks at every pod that holds a device. */
function holders(cache: ClusterCache, resource: string, nodes: ReadonlySet<string>): ReturnType<GpuView["holders"]> {
  const counts = new Map<string, number>();
  for (const pod of cache.pods.values()) {
    if (pod?.node === undefined || !nodes.has(pod.node) || hasEnded(pod)) continue;
    const count = pod.devices[resource] ?? 0;
    if (count === 0) continue;
    const name = pod.service ?? `${pod.namespace}/${pod.name}`;
    counts.set(name, (counts.get(name) ?? 0) + count);
  }
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .toSorted((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}
