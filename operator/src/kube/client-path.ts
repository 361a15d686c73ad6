/** URLs of the Kubernetes API. */
import type { ResourceType } from "./object.ts";

/** `/apis/apps/v1/namespaces/media/deployments`; without a namespace, all objects of the kind in the cluster. */
export function collectionPath(type: ResourceType, namespace?: string): string {
  const root = type.group === "" ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : "";
  return `${root}${scope}/${type.resource}`;
}

export function objectPath(type: ResourceType, namespace: string, name: string, subresource?: string): string {
  const suffix = subresource === undefined ? "" : `/${subresource}`;
  return `${collectionPath(type, namespace)}/${encodeURIComponent(name)}${suffix}`;
}

/** Appends the query; undefined parameters are omitted. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  return parameters.size === 0 ? path : `${path}?${parameters.toString()}`;
}
