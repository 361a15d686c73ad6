/** The cluster's GPUs as one service sees them: those it may use, who holds them, and what is short. */
import type { NodeDevices } from "../observe/gpu-ledger.ts";
import type { NodeView, Taint } from "../observe/node-view.ts";

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

export interface GpuView {
  /** `nvidia.com/gpu`, or a MIG slice. */
  readonly resource: string;
  /** GPUs per replica; 0 is CPU mode. */
  readonly perReplica: number;
  /** Have nodes and pods been listed? */
  readonly synced: boolean;
  /** Every node that has the device. */
  readonly devices: readonly NodeDevices[];
  /** Who holds how many on nodes of these names, the largest first: `media/upscaler`. */
  readonly holders: (nodes: ReadonlySet<string>) => readonly { readonly name: string; readonly count: number }[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
}

/** Why a node is none for this service; undefined when it is one. */
export type Exclusion = "not ready" | "cordoned" | "labels do not match the nodeSelector" | "a taint is not tolerated";

export function exclusion(node: NodeView, { nodeSelector, tolerations }: GpuView): Exclusion | undefined {
  if (!node.ready) return "not ready";
  if (node.cordoned) return "cordoned";
  if (Object.entries(nodeSelector).some(([key, value]) => node.labels[key] !== value)) {
    return "labels do not match the nodeSelector";
  }
  const repels = (taint: Taint): boolean =>
    taint.effect !== "PreferNoSchedule" && !tolerations.some((toleration) => tolerates(toleration, taint));
  return node.taints.some(repels) ? "a taint is not tolerated" : undefined;
}

/** @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
function tolerates({ key, operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
  if (key === undefined || key === "") return operator === "Exists";
  return key === taint.key && (operator === "Exists" || value === (taint.value ?? ""));
}

export interface GpuCount {
  readonly allocatable: number;
  readonly free: number;
  /** How many more replicas fit: free GPUs on a node count only in whole replicas. */
  readonly replicas: number;
}

/** Of the nodes that the service may use. */
export function countGpus(gpus: GpuView): GpuCount {
  const usable = usableDevices(gpus);
  const sum = (count: (devices: NodeDevices) => number): number =>
    usable.reduce((total, node) => total + count(node), 0);
  return {
    allocatable: sum(({ allocatable }) => allocatable),
    free: sum(({ free }) => free),
    replicas: gpus.perReplica === 0 ? Infinity : sum(({ free }) => Math.floor(free / gpus.perReplica)),
  };
}

function usableDevices(gpus: GpuView): readonly NodeDevices[] {
  return gpus.devices.filter(({ node }) => exclusion(node, gpus) === undefined);
}

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
  // Those on other nodes could give up all that they have: it would help nobody here.
  const all = gpus.holders(new Set(usableDevices(gpus).map(({ node }) => node.name)));
  const named = all.slice(0, mostHolders).map(({ name, count }) => `${name} (${count})`);
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
