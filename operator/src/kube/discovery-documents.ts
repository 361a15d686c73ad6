/** Converts the API server's discovery documents to lists of kinds. */
import type { ResourceType } from "./object.ts";

/** `APIGroupDiscoveryList` of apidiscovery.k8s.io: v2, and v2beta1 in 1.27 to 1.29. */
export interface AggregatedDiscovery {
  readonly kind: "APIGroupDiscoveryList";
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly scope: "Namespaced" | "Cluster";
        /** Absent when the group serves only a subresource. */
        readonly responseKind?: { readonly kind?: string } | null;
        readonly subresources?: readonly {
          readonly subresource: string;
          readonly responseKind?: { readonly kind?: string } | null;
        }[];
      }[];
    }[];
  }[];
}

export function typesOfAggregated({ items = [] }: AggregatedDiscovery): readonly ResourceType[] {
  return items.flatMap(({ metadata, versions = [] }) =>
    versions.flatMap(({ version, resources = [] }) =>
      resources.flatMap(({ resource, scope, responseKind, subresources = [] }) => {
        const group = metadata?.name ?? "";
        const namespaced = scope === "Namespaced";
        if (responseKind?.kind) return [{ group, version, kind: responseKind.kind, resource, namespaced }];
        // The metrics API serves `pods/METRIC` without `pods`.
        return subresources.map(({ subresource, responseKind: subresourceKind }) => ({
          group,
          version,
          kind: subresourceKind?.kind ?? "",
          resource: `${resource}/${subresource}`,
          namespaced,
        }));
      }),
    ),
  );
}

/** `APIGroupList`, from servers without aggregated discovery. */
export interface GroupList {
  readonly kind: "APIGroupList";
  readonly groups?: readonly {
    readonly preferredVersion?: { readonly groupVersion: string };
    readonly versions: readonly { readonly groupVersion: string }[];
  }[];
}

/** Returns the versions of all groups, each group's preferred version first. */
export function versionsOfGroups({ groups = [] }: GroupList): readonly string[] {
  return groups.flatMap(({ preferredVersion, versions }) => {
    const all = versions.map(({ groupVersion }) => groupVersion);
    return [...new Set(preferredVersion === undefined ? all : [preferredVersion.groupVersion, ...all])];
  });
}

/** `APIResourceList`: one version of one group. */
export interface VersionResources {
  readonly groupVersion: string;
  readonly resources?: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

export function typesOfVersion({ groupVersion, resources = [] }: VersionResources): ResourceType[] {
  const [version = "", group = ""] = groupVersion.split("/").toReversed();
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map(({ name, kind, namespaced }) => ({ group, version, kind, resource: name, namespaced }));
}
