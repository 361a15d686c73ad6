/** Texts about the nodes with GPUs that a service can use: who has their GPUs, and why it cannot use others. */
import { gpuClasses } from "../effective/gpu-request.ts";
import { exclusion, usableDevices, type Exclusion, type GpuView } from "../plan/gpus.ts";

/** What is counted: `nvidia.com/gpu`, or `devices of class gpu.nvidia.com`. */
export function gpusText({ request }: Pick<GpuView, "request">): string {
  return request.kind === "ExtendedResource"
    ? request.resource
    : `devices of class ${gpuClasses(request).join(" or ")}`;
}

const maxHolders = 3;

/** `media/upscaler (3), lab/trainer (1)`, of nodes that the service may use: a GPU that becomes free elsewhere does not help. */
export function holderList(gpus: GpuView): string {
  const counts = new Map<string, number>();
  for (const { holders } of usableDevices(gpus)) {
    for (const [name, count] of Object.entries(holders)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const all = [...counts].toSorted(([a, most], [b, count]) => count - most || (a < b ? -1 : 1));
  const named = all.slice(0, maxHolders).map(([name, count]) => `${name} (${count})`);
  return (
    [...named, ...(all.length > maxHolders ? [`${all.length - maxHolders} more`] : [])].join(", ") ||
    "pods that the operator cannot list"
  );
}

const exclusionTexts: Readonly<Record<Exclusion, (count: number) => string>> = {
  NotReady: (count) => `${nodes(count)} ${count === 1 ? "is" : "are"} not ready`,
  Cordoned: (count) => `${nodes(count)} ${count === 1 ? "is" : "are"} cordoned`,
  NodeSelector: (count) => `${nodes(count)} ${count === 1 ? "does" : "do"} not match the nodeSelector`,
  NodeAffinity: (count) => `${nodes(count)} ${count === 1 ? "does" : "do"} not meet the required node affinity`,
  Taint: (count) => `${nodes(count)} ${count === 1 ? "has" : "have"} a taint that is not tolerated`,
};

/** `2 nodes are cordoned, 1 node is not ready`; empty when the service can use all. */
export function exclusions(gpus: GpuView): string {
  const counts = new Map<Exclusion, number>();
  for (const { node } of gpus.devices) {
    const why = exclusion(node, gpus);
    if (why !== undefined) counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return [...counts].map(([why, count]) => exclusionTexts[why](count)).join(", ");
}

export function nodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}
