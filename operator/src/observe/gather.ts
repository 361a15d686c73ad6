/** Everything that a pass over one service reads, taken at once: nothing in it changes while the pass decides. */
import type { ChildKind } from "./child-kinds.ts";
import type { ProfileLookup } from "../effective/profiles.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { ChildView } from "./child-view.ts";
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
