/** What the caches keep of a node: what decides whether a pod may run there, and its GPUs. */
import type { KubeObject } from "../kube/object.ts";
import type { StatusCondition } from "./child-view.ts";
import { isExtended } from "./pod-view.ts";

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

export interface NodeView {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly cordoned: boolean;
  readonly ready: boolean;
  /** Extended resources: `nvidia.com/gpu`. */
  readonly allocatable: Readonly<Record<string, number>>;
}

interface Node extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean; readonly taints?: readonly Taint[] };
  readonly status?: {
    readonly allocatable?: Readonly<Record<string, string>>;
    readonly conditions?: readonly StatusCondition[];
  };
}

/** Without the time since which it exists. */
export function viewTaint({ key, value, effect }: Taint): Taint {
  return { key, effect, ...(value ? { value } : {}) };
}

export function viewNode(object: KubeObject): NodeView {
  const { metadata, spec = {}, status = {} } = object as Node;
  const allocatable = Object.entries(status.allocatable ?? {}).filter(([resource]) => isExtended(resource));
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    taints: (spec.taints ?? []).map(viewTaint),
    cordoned: spec.unschedulable === true,
    ready: status.conditions?.find(({ type }) => type === "Ready")?.status === "True",
    allocatable: Object.fromEntries(allocatable.map(([resource, count]) => [resource, Number(count)])),
  };
}
