/** The GPUs that one service can use: on which nodes, and how many are free. Pure. */
import { gpusPerPod, type DeviceRequest, type GpuRequest } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { objectKey, type ObjectKey } from "../kube/object.ts";
import { classOfResource } from "../observe/device-class-view.ts";
import type { DevicePool, DraSnapshot } from "../observe/device-ledger.ts";
import type { DeviceNode, GpuSnapshot, Holders } from "../observe/gpu-ledger.ts";
import type { NodeView, Taint } from "../observe/node-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { DeviceView } from "../observe/resource-slice-view.ts";
import { devicesOfNode, hasSharedDevices, poolsOfNode, replicasWithout, type Inventory } from "./device-count.ts";
import { meetsAffinity, type NodeSelectorTerm } from "./node-affinity.ts";

export interface GpuView {
  readonly request: GpuRequest;
  /** GPUs per replica; 0 is CPU mode. */
  readonly perReplica: number;
  /** Have nodes and pods been listed? */
  readonly synced: boolean;
  /** All nodes. */
  readonly nodes: readonly DeviceNode[];
  /** Every node that has the device. */
  readonly devices: readonly NodeDevices[];
  /** What DRA offers; undefined: its API is not served, or may not be read. */
  readonly dra: DraSnapshot | undefined;
  /** What the pods ask of DRA; none: no DeviceClass stands for their resource. */
  readonly deviceRequests: readonly DeviceRequest[];
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
  /** How many more replicas fit: free GPUs count only in whole replicas. */
  readonly fits: number;
  /** The devices of DRA; undefined: those of a device plugin. */
  readonly inventory: Inventory | undefined;
}

export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

/** `request`: what each of the service's pods asks for. */
export function gpuView(
  { scheduling }: Pick<EffectiveService, "scheduling">,
  request: GpuRequest,
  snapshot: GpuSnapshot,
): GpuView {
  return gpuViewOf(request, scheduling, snapshot);
}

export function gpuViewOf(
  request: GpuRequest,
  { nodeSelector, tolerations, affinity }: EffectiveService["scheduling"],
  { synced, nodes, dra }: GpuSnapshot,
): GpuView {
  const view = {
    request,
    perReplica: gpusPerPod(request),
    synced,
    nodes,
    devices: [],
    dra,
    deviceRequests: dra === undefined ? [] : requestsOfDra(request, dra),
    nodeSelector,
    nodeAffinity: affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms,
    tolerations,
  };
  return { ...view, devices: request.kind === "None" ? [] : nodesWithDevices(view, nodes) };
}

function requestsOfDra(request: GpuRequest, { classes }: DraSnapshot): readonly DeviceRequest[] {
  if (request.kind === "None") return [];
  if (request.kind === "ResourceClaim") return request.alternatives;
  const name = classOfResource(classes, request.resource)?.name;
  if (name === undefined) return [];
  return [{ name, deviceClass: name, count: request.count, selectors: [], tolerations: [], capacity: {} }];
}

/** By nodes and request, for all services between two changes. */
const counted = new WeakMap<readonly DeviceNode[], Map<string, Counted>>();

interface Counted {
  readonly dra: DraSnapshot | undefined;
  readonly devices: readonly NodeDevices[];
}

function nodesWithDevices(view: GpuView, nodes: readonly DeviceNode[]): readonly NodeDevices[] {
  const { dra, request } = view;
  if (dra !== undefined && hasSharedDevices(dra)) return countNodes(view, nodes);
  const byRequest = counted.get(nodes) ?? new Map<string, Counted>();
  const key = JSON.stringify(request);
  const known = byRequest.get(key);
  const found = known?.dra === dra && known !== undefined ? known : { dra, devices: countNodes(view, nodes) };
  counted.set(nodes, byRequest.set(key, found));
  return found.devices;
}

function countNodes(view: GpuView, nodes: readonly DeviceNode[]): readonly NodeDevices[] {
  const { dra, deviceRequests: requests } = view;
  const key = JSON.stringify(requests);
  const seen = new Set<DeviceView>();
  const ofDra = (node: NodeView): readonly NodeDevices[] => {
    const count =
      dra === undefined || requests.length === 0 ? undefined : devicesOfNode(node, dra, { requests, key }, seen);
    return count === undefined ? [] : [{ node, ...count }];
  };
  const found = (all: readonly DeviceNode[]): readonly NodeDevices[] =>
    all.flatMap((one) => pluginDevices(view, one) ?? ofDra(one.node));
  if (dra === undefined || !hasSharedDevices(dra)) return found(nodes);
  // A device that several nodes can use counts on one of them: on one that the service may use, if there is any.
  const byUse = nodes.toSorted((a, b) => Number(isExcluded(a.node, view)) - Number(isExcluded(b.node, view)));
  return found(byUse).toSorted((a, b) => (a.node.name < b.node.name ? -1 : 1));
}

/** Undefined where no device plugin offers the resource: only there the scheduler allocates it by DRA. */
function pluginDevices({ request }: GpuView, { node, held }: DeviceNode): readonly NodeDevices[] | undefined {
  if (request.kind !== "ExtendedResource") return undefined;
  const allocatable = node.allocatable[request.resource] ?? 0;
  if (allocatable === 0) return undefined;
  const holders = held[request.resource] ?? {};
  const used = Object.values(holders).reduce((sum, count) => sum + count, 0);
  // More may be held than there are: a GPU that breaks is no longer allocatable.
  const free = Math.max(0, allocatable - used);
  return [{ node, allocatable, free, holders, fits: Math.floor(free / request.count), inventory: undefined }];
}

/** Does the pod have, or wait for, what the service asks for now? */
export function asksForGpu({ devices, claims }: Pick<PodView, "devices" | "claims">, request: GpuRequest): boolean {
  switch (request.kind) {
    case "None":
      return false;
    case "ExtendedResource":
      return request.resource in devices;
    case "ResourceClaim":
      return claims.length > 0;
  }
}

/** How many replicas fit on a node besides all pods but these. On one that the service cannot use, these stay. */
export function replicasBeside(devices: NodeDevices, pods: readonly PodView[], gpus: GpuView): number {
  const { node, free, inventory } = devices;
  const own = pods.filter((pod) => pod.node === node.name);
  const { request } = gpus;
  if (request.kind === "None") return 0;
  const isUsable = !isExcluded(node, gpus);
  if (inventory !== undefined) {
    const keys: ReadonlySet<ObjectKey> = new Set(own.map((pod) => objectKey({ metadata: pod })));
    return isUsable ? replicasWithout(inventory, keys) : own.length;
  }
  const resource = request.kind === "ExtendedResource" ? request.resource : "";
  const held = own.reduce((sum, pod) => sum + (pod.devices[resource] ?? 0), 0);
  return Math.floor(((isUsable ? free : 0) + held) / gpus.perReplica);
}

/** The pools of DRA on the nodes that the service may use, also those of which no device fits. */
export function usablePools(gpus: GpuView): readonly DevicePool[] {
  const { dra, nodes } = gpus;
  if (dra === undefined) return [];
  const usable = nodes.filter(({ node }) => !isExcluded(node, gpus));
  return [...new Set(usable.flatMap(({ node }) => poolsOfNode(node, dra)))];
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
    replicas: gpus.perReplica === 0 ? Infinity : sum(({ fits }) => fits),
  };
}
