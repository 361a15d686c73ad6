/** Explains which GPUs are missing: the nodes that a service may use, and who holds their GPUs. */
import type { GpuRequest } from "../effective/gpu-request.ts";
import type { PodView } from "../observe/pod-view.ts";
import { affinityText, meetsAffinity } from "../plan/node-affinity.ts";
import { countGpus, meetsSelector, usableDevices, type GpuView } from "../plan/gpus.ts";
import { deviceShortage, hasMisfit } from "./device-shortage.ts";
import { exclusions, gpusText, holderList, nodes } from "./gpu-nodes.ts";

/** Why no further replica fits, and the next step: `no node has 1 free nvidia.com/gpu: 8 of 8 in use by …`. */
export function gpuShortage(gpus: GpuView): string {
  const { request, perReplica, devices, dra, deviceRequests } = gpus;
  const { allocatable, free, replicas } = countGpus(gpus);
  const resource = gpusText(gpus);
  // The node with a free GPU may lack memory, or the scheduler may not have tried again since the GPU became free.
  if (perReplica > 0 && replicas > 0) {
    return `${free} of ${allocatable} ${resource} are free, but the scheduler has found no node with all that a replica needs; see kubectl describe pod`;
  }
  const usable = usableDevices(gpus);
  const isByDra =
    (usable.length === 0 ? devices : usable).every(({ inventory }) => inventory !== undefined) ||
    (usable.length === 0 && hasMisfit(gpus));
  if (dra !== undefined && deviceRequests.length > 0 && isByDra) return deviceShortage(gpus, dra);
  if (devices.length === 0) {
    return request.kind === "ResourceClaim"
      ? `the ${resource} are not known: resource.k8s.io/v1 is not served, or the operator may not read it; install the RBAC of this version`
      : `no node offers ${resource}; check that the device plugin or the DRA driver is running, that it offers gpu.resourceName, and that devices are free`;
  }
  if (allocatable === 0) return `none of ${nodes(devices.length)} with ${resource} is usable: ${exclusions(gpus)}`;
  const largest = Math.max(...devices.map((node) => node.allocatable));
  if (largest < perReplica) {
    return `no node has ${perReplica} ${resource}: the largest has ${largest}; lower gpu.count, or add a larger node`;
  }
  const others = exclusions(gpus);
  const unusable = others === "" ? "" : `; ${others}`;
  const scattered = free > 0 ? `, ${free} free but no ${perReplica} on one node` : "";
  return `no node has ${perReplica} free ${resource}: ${allocatable - free} of ${allocatable} in use by ${holderList(gpus)}${scattered}${unusable}; free a GPU, add a node, or lower the number of replicas`;
}

/**
 * The label or affinity that no node meets, and the next step; undefined where one does. Of nodes with GPUs the labels are
 * known; of others only what the scheduler reports.
 */
export function unmatchedSelection(schedulerMessage: string, gpus: GpuView): string | undefined {
  const { devices, nodeSelector, nodeAffinity } = gpus;
  const labels = Object.entries(nodeSelector);
  if (devices.length === 0) {
    const whole = [
      ...labels.map(([key, value]) => `label ${key}=${value} (scheduling.nodeSelector)`),
      ...(nodeAffinity === undefined ? [] : [`${affinityText(nodeAffinity)} (scheduling.affinity.nodeAffinity)`]),
    ];
    const where = whole.length === 0 ? undefined : nodesUnmatched(schedulerMessage);
    return where === undefined ? undefined : `${where} matches ${whole.join(", ")}; ${correction}`;
  }
  if (usableDevices(gpus).length === 0 && hasMisfit(gpus)) return undefined;
  const selected = devices.filter(({ node }) => meetsSelector(node, gpus));
  const withGpu = `no node with ${gpusText(gpus)}`;
  if (selected.length === 0) {
    const missing = labels.find(([key, value]) => devices.every(({ node }) => node.labels[key] !== value));
    const what = missing === undefined ? labels.map((label) => label.join("=")).join(", ") : missing.join("=");
    return `${withGpu} has the ${missing === undefined ? "labels" : "label"} ${what} (scheduling.nodeSelector); ${correction}`;
  }
  if (nodeAffinity === undefined || selected.some(({ node }) => meetsAffinity(node, nodeAffinity))) return undefined;
  return `${withGpu} meets ${affinityText(nodeAffinity)} (scheduling.affinity.nodeAffinity); ${correction}`;
}

/**
 * The nodes of a scheduler's message if no node that pods may use matches the selection. Cordoned nodes and those with a
 * taint, as the control plane's, are counted apart: the scheduler reports one reason per node, and these come first.
 */
function nodesUnmatched(schedulerMessage: string): string | undefined {
  const all = Number(/^0\/(?<all>\d+) nodes are available: /.exec(schedulerMessage)?.groups?.all);
  // Some versions of Kubernetes count each taint apart.
  const count = (reason: string): number => {
    const counts = schedulerMessage.matchAll(new RegExp(`(\\d+) node\\(s\\) ${reason}`, "g"));
    return [...counts].reduce((sum, [, ofReason]) => sum + Number(ofReason), 0);
  };
  const others = count("had untolerated taint") + count("were unschedulable");
  const unmatched = count("didn't match Pod's node affinity");
  if (unmatched === 0 || unmatched + others !== all) return undefined;
  return others === 0 ? "no node" : "no other node";
}

const correction = "correct it, or label a node";

/**
 * Does the scheduler's message name the GPU as insufficient? For devices of DRA it names none. A pod may have further devices,
 * such as nvidia.com/gpumem. One that does not ask for the GPUs of `request`, or the caller, counts each device as a GPU.
 */
export function waitsForGpu(
  schedulerMessage: string,
  { devices, claims }: Pick<PodView, "devices" | "claims">,
  request?: GpuRequest,
): boolean {
  const names =
    request?.kind === "ExtendedResource" && request.resource in devices ? [request.resource] : Object.keys(devices);
  if (/cannot allocate all claims|device class \S+ does not exist/.test(schedulerMessage)) {
    return names.length > 0 || claims.length > 0;
  }
  // Commas separate the reasons, and a full stop ends them.
  const reasons = schedulerMessage.split(/, |\.(?:\s|$)/);
  return names.some((name) => reasons.some((reason) => reason.endsWith(`Insufficient ${name}`)));
}
