/** Explains which GPUs are missing: the nodes that a service may use, and who holds their GPUs. */
import { affinityText, meetsAffinity } from "../plan/node-affinity.ts";
import { countGpus, exclusion, meetsSelector, usableDevices, type Exclusion, type GpuView } from "../plan/gpus.ts";

const exclusionTexts: Readonly<Record<Exclusion, (count: number) => string>> = {
  NotReady: (count) => `${nodes(count)} ${count === 1 ? "is" : "are"} not ready`,
  Cordoned: (count) => `${nodes(count)} ${count === 1 ? "is" : "are"} cordoned`,
  NodeSelector: (count) => `${nodes(count)} ${count === 1 ? "does" : "do"} not match the nodeSelector`,
  NodeAffinity: (count) => `${nodes(count)} ${count === 1 ? "does" : "do"} not meet the required node affinity`,
  Taint: (count) => `${nodes(count)} ${count === 1 ? "has" : "have"} a taint that is not tolerated`,
};

/** Why no further replica fits, and the next step: `no node has 1 free nvidia.com/gpu: 8 of 8 in use by …`. */
export function gpuShortage(gpus: GpuView): string {
  const { resource, perReplica, devices } = gpus;
  if (devices.length === 0) {
    return `no node offers ${resource}; check that the device plugin or the DRA driver is running, that it offers gpu.resourceName, and that devices are free`;
  }
  const { allocatable, free } = countGpus(gpus);
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
  const { resource, devices, nodeSelector, nodeAffinity } = gpus;
  const labels = Object.entries(nodeSelector);
  if (devices.length === 0) {
    const whole = [
      ...labels.map(([key, value]) => `label ${key}=${value} (scheduling.nodeSelector)`),
      ...(nodeAffinity === undefined ? [] : [`${affinityText(nodeAffinity)} (scheduling.affinity.nodeAffinity)`]),
    ];
    const where = whole.length === 0 ? undefined : nodesUnmatched(schedulerMessage);
    return where === undefined ? undefined : `${where} matches ${whole.join(", ")}; ${correction}`;
  }
  const selected = devices.filter(({ node }) => meetsSelector(node, gpus));
  const withGpu = `no node with ${resource}`;
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
 * such as nvidia.com/gpumem. One that lacks `gpuResource`, or the caller, counts each device as a GPU.
 */
export function mentionsDevice(
  schedulerMessage: string,
  devices: Readonly<Record<string, number>>,
  gpuResource = "",
): boolean {
  const names = gpuResource in devices ? [gpuResource] : Object.keys(devices);
  if (schedulerMessage.includes("cannot allocate all claims")) return names.length > 0;
  // Commas separate the reasons, and a full stop ends them.
  const reasons = schedulerMessage.split(/, |\.(?:\s|$)/);
  return names.some((name) => reasons.some((reason) => reason.endsWith(`Insufficient ${name}`)));
}

const maxHolders = 3;

function holderList(gpus: GpuView): string {
  // On nodes that the service may use only: a GPU that becomes free elsewhere does not help it.
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

function exclusions(gpus: GpuView): string {
  const counts = new Map<Exclusion, number>();
  for (const { node } of gpus.devices) {
    const why = exclusion(node, gpus);
    if (why !== undefined) counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  return [...counts].map(([why, count]) => exclusionTexts[why](count)).join(", ");
}

function nodes(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}
