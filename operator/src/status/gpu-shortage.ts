/** Explains which GPUs are missing: the nodes that a service may use, and who holds their GPUs. */
import { countGpus, exclusion, usableDevices, type Exclusion, type GpuView } from "../plan/gpus.ts";

/** `no node has a free nvidia.com/gpu (wanted 1): 8 of 8 in use by media/upscaler (6), lab/trainer (2)` and what to do. */
export function gpuShortage(gpus: GpuView): string {
  const { resource, perReplica, devices } = gpus;
  if (devices.length === 0) {
    return `no node offers ${resource}: is the device plugin running, and does gpu.resourceName say what it advertises?`;
  }
  const { allocatable, free } = countGpus(gpus);
  if (allocatable === 0) return `none of ${nodes(devices.length)} with ${resource} can be used: ${exclusions(gpus)}`;
  const largest = Math.max(...devices.map((node) => node.allocatable));
  if (largest < perReplica) {
    return `no node has ${perReplica} ${resource}: the largest has ${largest}; lower gpu.count, or add a larger node`;
  }
  const others = exclusions(gpus);
  const unusable = others === "" ? "" : `; other nodes: ${others}`;
  const scattered = free > 0 ? `, ${free} free but not ${perReplica} on one node` : "";
  return `no node has ${perReplica} free ${resource}: ${allocatable - free} of ${allocatable} in use by ${holderList(gpus)}${scattered}${unusable}; free some, add a node, or lower the replicas`;
}

/** Does the scheduler say that it is the device that is short? */
export function mentionsDevice(schedulerMessage: string, devices: Readonly<Record<string, number>>): boolean {
  return Object.keys(devices).some((resource) => schedulerMessage.includes(`Insufficient ${resource}`));
}

const mostHolders = 3;

function holderList(gpus: GpuView): string {
  // On nodes that the service may use only: a GPU that becomes free elsewhere does not help it.
  const counts = new Map<string, number>();
  for (const { holders } of usableDevices(gpus)) {
    for (const [name, count] of Object.entries(holders)) counts.set(name, (counts.get(name) ?? 0) + count);
  }
  const all = [...counts].toSorted(([a, most], [b, count]) => count - most || (a < b ? -1 : 1));
  const named = all.slice(0, mostHolders).map(([name, count]) => `${name} (${count})`);
  return (
    [...named, ...(all.length > mostHolders ? [`${all.length - mostHolders} more`] : [])].join(", ") ||
    "nobody we can see"
  );
}

function exclusions(gpus: GpuView): string {
  const counts = new Map<Exclusion, number>();
  for (const { node } of gpus.devices) {
    const why = exclusion(node, gpus);
    if (why !== undefined) counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return [...counts].map(([why, count]) => `${count} ${why}`).join(", ");
}

function nodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}
