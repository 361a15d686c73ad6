import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";

/** Returns a child as the operator wrote it: without what the API server and Kubernetes' controllers add. */
export function writtenPart({ apiVersion, kind, metadata, ...rest }: KubeObject) {
  const { status: _status, ...contents } = rest as { readonly status?: unknown; readonly spec?: object };
  const { clusterIP: _ip, clusterIPs: _ips, ...spec } = (contents.spec ?? {}) as Record<string, unknown>;
  const { "deployment.kubernetes.io/revision": _revision, ...annotations } = metadata.annotations ?? {};
  const { name, labels = {} } = metadata;
  return { apiVersion, kind, metadata: { name, labels, annotations }, ...contents, ...(contents.spec && { spec }) };
}
