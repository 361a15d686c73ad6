/**
 * The replicas that cannot run because there is no room for them, and the rollouts that this stops. Pure.
 *
 * A Deployment counts such replicas as unavailable. A rollout that does not allow for them deletes no serving pod: no GPU
 * becomes free, and its new pods wait forever. But where the new pods cannot run for another reason, such as a
 * `nodeSelector` that no node matches, the rollout must stop: each of them that was counted would permit the deletion of
 * another serving pod.
 */
import { isKueueGate, notAdmitted, queueLabel } from "../neighbours/kueue.ts";
import { replicaFailure, type ChildView, type StatusCondition } from "../observe/child-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import { exceedsQuota } from "./failure.ts";
import { asksForGpu, isExcluded, replicasBeside, type GpuView } from "./gpus.ts";

export interface WaitingInput {
  readonly deployment: Pick<ChildView, "generation" | "spec" | "status"> | undefined;
  readonly pods: readonly PodView[];
  readonly gpus: GpuView;
  /** In ms since 1970. */
  readonly now: number;
}

/** How long pods may take to be created and scheduled before the operator concludes that there is no room. */
const patienceMs = 60_000;

/** A pod that is still terminating so long after its grace period is on a node that does not report. */
const terminationSlackMs = 30_000;

/** Returns how many replicas have no room. `before` is the last count, which stands while pods are being replaced. */
export function waitingReplicas(input: WaitingInput, before: number): number {
  const { deployment, pods } = input;
  if (deployment === undefined) return 0;
  const { replicas = 0 } = deployment.spec;
  // Pods that terminate count: their room is that of the pods that replace them.
  const placed = pods.filter((pod) => pod.node !== undefined && !hasLostItsNode(pod, input.now));
  const unplaced = Math.max(0, replicas - placed.length);
  const lasting = isReplacing(deployment) ? before : longWaiting(input);
  return Math.min(unplaced, Math.max(lasting, replicasWithoutGpu(replicas, placed, input.gpus)));
}

/** Why the additional pods of a surge get no room although they have waited a minute; undefined: they may still get it. */
export function surgeFailure({ deployment, pods, gpus, now }: WaitingInput): string | undefined {
  const forbidden = lastingFailure(deployment, now);
  if (forbidden !== undefined && exceedsQuota(forbidden.message)) return forbidden.message;
  const placed = pods.filter(({ node }) => node !== undefined);
  const held = pods.find((pod) => hasWaited(pod, now) && waitsForQueue(pod, placed));
  if (held !== undefined) return `pod ${held.name} is held back: ${notAdmitted(held.labels[queueLabel])}`;
  if (gpus.devices.length > 0 && !placed.every((pod) => staysUsable(pod, gpus))) return undefined;
  const waiting = pods.find((pod) => hasWaited(pod, now) && needsRoom(pod.unschedulable));
  return waiting && `pod ${waiting.name} could not be scheduled: ${waiting.unschedulable ?? ""}`;
}

/** Do pods hold devices that the operator does not see, or have no nodes been listed? Then none seem to be free. */
export function isUncounted({ request, devices }: GpuView, pods: readonly PodView[]): boolean {
  return devices.length === 0 && pods.some((pod) => pod.node !== undefined && asksForGpu(pod, request));
}

/** In how many ms a wait becomes too long; undefined while nothing waits. */
export function patienceEndsMs({ deployment, pods, now }: WaitingInput): number | undefined {
  const failure = deployment && replicaFailure(deployment);
  const starts = [
    ...pods.filter(isUnbound).map(({ createdAt }) => createdAt),
    ...(failure?.lastTransitionTime === undefined ? [] : [failure.lastTransitionTime]),
  ];
  const left = starts.map((start) => Date.parse(start) + patienceMs - now).filter((ms) => ms > 0);
  return left.length === 0 ? undefined : Math.min(...left);
}

/** Only when all pods have the current template do those that wait show a lack of room rather than a fault of the template. */
function isReplacing({ generation, status }: Pick<ChildView, "generation" | "status">): boolean {
  const { observedGeneration = 0, replicas = 0, updatedReplicas = 0 } = status;
  return observedGeneration < generation || updatedReplicas < replicas;
}

function longWaiting({ deployment, pods, now }: WaitingInput): number {
  const waiting = pods.filter((pod) => hasWaited(pod, now)).length;
  const notCreated = Math.max(0, (deployment?.spec.replicas ?? 0) - pods.filter((pod) => !pod.terminating).length);
  return waiting + (lastingFailure(deployment, now) === undefined ? 0 : notCreated);
}

/**
 * The replicas beyond what fits on the GPUs that are free or held by the service itself. 0 where a new pod could not
 * take the place of each old one: on other nodes, or with more GPUs than any node has.
 */
function replicasWithoutGpu(replicas: number, placed: readonly PodView[], gpus: GpuView): number {
  const { perReplica, devices } = gpus;
  if (perReplica === 0 || !placed.every((pod) => staysUsable(pod, gpus))) return 0;
  const fitting = devices.reduce((sum, node) => sum + replicasBeside(node, placed, gpus), 0);
  return fitting === 0 ? 0 : Math.max(0, replicas - fitting);
}

/** May the service still use the pod's node? A node that is cordoned or not ready counts: its pods still hold their GPUs. */
function staysUsable(pod: PodView, gpus: GpuView): boolean {
  if (!asksForGpu(pod, gpus.request)) return false;
  const found = gpus.devices.find((candidate) => candidate.node.name === pod.node);
  return found !== undefined && !isExcluded({ ...found.node, ready: true, cordoned: false }, gpus);
}

/**
 * Would the deletion of a pod help? The scheduler reports nodes where it would, and nodes that can never fit, in the
 * part on preemption. A selector or a taint that excludes every node must not cost a serving pod.
 */
function needsRoom(message = ""): boolean {
  // Preemption takes no devices of DRA from other pods.
  if (message.includes("No preemption victims found") || message.includes("cannot allocate all claims")) return true;
  return message.includes("Insufficient ") && !message.includes("reemption is not helpful");
}

/** Would the deletion of a pod let Kueue admit it? A pod that takes more devices than they have may never be admitted. */
function waitsForQueue({ gates, devices }: PodView, placed: readonly PodView[]): boolean {
  const fits = (other: PodView): boolean =>
    Object.entries(devices).every(([resource, count]) => count <= (other.devices[resource] ?? 0));
  return gates.some(isKueueGate) && placed.some(fits);
}

function isUnbound({ node, terminating }: PodView): boolean {
  return node === undefined && !terminating;
}

function hasWaited(pod: PodView, now: number): boolean {
  return isUnbound(pod) && now - Date.parse(pod.createdAt) >= patienceMs;
}

function hasLostItsNode({ terminatesBy }: PodView, now: number): boolean {
  return terminatesBy !== undefined && now - Date.parse(terminatesBy) >= terminationSlackMs;
}

function lastingFailure(deployment: WaitingInput["deployment"], now: number): StatusCondition | undefined {
  const failure = deployment && replicaFailure(deployment);
  const since = failure?.lastTransitionTime;
  return since !== undefined && now - Date.parse(since) >= patienceMs ? failure : undefined;
}
