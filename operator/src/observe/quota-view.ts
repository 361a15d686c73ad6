/** What the operator reads of a ResourceQuota: how much of it is left. */
import { namespacedType, type KubeObject } from "../kube/object.ts";

export const quotaType = namespacedType("v1", "ResourceQuota", "resourcequotas");

export interface QuotaView {
  readonly name: string;
  readonly namespace: string;
  /** Quantities by resource, such as `requests.nvidia.com/gpu` or `pods`. */
  readonly hard: Readonly<Record<string, string>>;
  readonly used: Readonly<Record<string, string>>;
  /** It counts some pods only: those of a priority class, for example. */
  readonly scoped: boolean;
}

interface ResourceQuota extends KubeObject {
  readonly spec?: { readonly scopes?: readonly string[]; readonly scopeSelector?: object };
  readonly status?: Partial<Pick<QuotaView, "hard" | "used">>;
}

export function viewQuota(object: KubeObject): QuotaView {
  const { metadata, spec = {}, status = {} } = object as ResourceQuota;
  return {
    name: metadata.name,
    namespace: metadata.namespace ?? "",
    // Of the status, as the API server enforces these. They are missing until the quota has been counted.
    hard: status.hard ?? {},
    used: status.used ?? {},
    scoped: (spec.scopes ?? []).length > 0 || spec.scopeSelector !== undefined,
  };
}
