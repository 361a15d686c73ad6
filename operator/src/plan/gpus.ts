/** The GPUs that one service can use: on which nodes, and how many are free. Pure. */
import type { EffectiveService } from "../effective/service.ts";
import type { GpuSnapshot, Holders } from "../observe/gpu-ledger.ts";
import type { NodeView, Taint } from "../observe/node-view.ts";
import { meetsAffinity, type NodeSelectorTerm } from "./node-affinity.ts";

export interface GpuView {
  /** `nvidia.com/gpu`, or a MIG slice. */
  readonly resource: string;
  /** GPUs per replica; 0 is CPU mode. */
  readonly perReplica: number;
  /** Have nodes and pods been listed? */
  readonly synced: boolean;
  /** Every node that has the device. */
  readonly devices: readonly NodeDevices[];
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** Required node affinity; undefined: none. */
  readonly nodeAffinity: readonly NodeSelectorTerm[] | undefined;
  readonly tolerations: readonly Toleration[];
}

export interface NodeDevices {
  readonly node: NodeView;
  readonly allocatable: number;
  readonly free: number;
  readonly holders: Holders;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

export function gpuView({ gpu, scheduling }: EffectiveService, { synced, nodes }: GpuSnapshot): GpuView {
  const { resourceName: resource, count: perReplica } = gpu;
  const { nodeSelector, tolerations, affinity } = scheduling;
  const nodeAffinity = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const devices = nodes.flatMap(({ node, held }) => {
    const allocatable = node.allocatable[resource] ?? 0;
    if (perReplica === 0 || allocatable === 0) return [];
    const holders = held[resource] ?? {};
    const used = Object.values(holders).reduce((sum, count) => sum + count, 0);
    // More may be held than there are: a GPU that breaks is no longer allocatable.
    return [{ node, allocatable, free: Math.max(0, allocatable - used), holders }];
  });
  return { resource, perReplica, synced, devices, nodeSelector, nodeAffinity, tolerations };
}

/** Why a service cannot use a node. */
export type Exclusion = "NotReady" | "Cordoned" | "NodeSelector" | "NodeAffinity" | "Taint";

/** Undefined when the service can use the node. */
export function exclusion(node: NodeView, gpus: GpuView): Exclusion | undefined {
  const { nodeAffinity, tolerations } = gpus;
  if (!node.ready) return "NotReady";
  if (node.cordoned) return "Cordoned";
  if (!meetsSelector(node, gpus)) return "NodeSelector";
  if (nodeAffinity !== undefined && !meetsAffinity(node, nodeAffinity)) return "NodeAffinity";
  const repels = (taint: Taint): boolean =>
    taint.effect !== "PreferNoSchedule" && !tolerations.some((toleration) => tolerates(toleration, taint));
  return node.taints.some(repels) ? "Taint" : undefined;
}

export function meetsSelector({ labels }: NodeView, { nodeSelector }: Pick<GpuView, "nodeSelector">): boolean {
  return Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

export function isExcluded(node: NodeView, gpus: GpuView): boolean {
  return exclusion(node, gpus) !== undefined;
}

/** @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/ */
function tolerates({ key, operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
  if (key === undefined || key === "") return operator === "Exists";
  return key === taint.key && (operator === "Exists" || value === (taint.value ?? ""));
}

/** The devices on nodes that the service may use. */
export function usableDevices(gpus: GpuView): readonly NodeDevices[] {
  return gpus.devices.filter(({ node }) => !isExcluded(node, gpus));
}

export interface GpuCount {
  readonly allocatable: number;
  readonly free: number;
  /** How many more replicas fit: free GPUs on a node count only in whole replicas. */
  readonly replicas: number;
}

/** Counts the GPUs of the nodes that the service may use. */
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
