/** Why pods do not serve, from what the scheduler and the kubelet report: as facts, and as text for people. */
import type { GpuRequest } from "../effective/gpu-request.ts";
import { awaitsNode, type Provisioning } from "../neighbours/karpenter.ts";
import { isKueueGate, notAdmitted, queueLabel } from "../neighbours/kueue.ts";
import type { BlockingContainer, ContainerView, PodView } from "../observe/pod-view.ts";
import { requiredDriver } from "./driver.ts";
import { waitsForGpu } from "./gpu-shortage.ts";
import { podTroubleReasons, type PodTroubleReason } from "./reasons.ts";

/**
 * Messages are those of the kubelet, the scheduler or the processor; empty where there is none. `container` is an init
 * container or a sidecar; absent: the processor's.
 */
export type PodTrouble = { readonly pod: string; readonly container?: string } & (
  | { readonly reason: "ImagePullFailed"; readonly message: string }
  | {
      readonly reason: "ContainerNotCreated";
      readonly waiting: string;
      readonly message: string;
      readonly node: string;
    }
  | { readonly reason: "OutOfMemory"; readonly restarts: number }
  | {
      readonly reason: "CrashLoop";
      readonly exitCode: number;
      /** 0: the process was not ended by a signal. */
      readonly signal: number;
      readonly restarts: number;
      readonly message: string;
    }
  | {
      readonly reason: "FailedOnNode";
      readonly node: string;
      readonly failure: string;
      readonly message: string;
    }
  | { readonly reason: "NodeNotReady"; readonly node: string }
  | { readonly reason: "SchedulingGated"; readonly gates: readonly string[]; readonly queue: string | undefined }
  | { readonly reason: "WaitingForGpu"; readonly provisioning?: Provisioning }
  | { readonly reason: "Unschedulable"; readonly message: string; readonly provisioning?: Provisioning }
  | { readonly reason: "WaitingForNode"; readonly progress: string }
  | { readonly reason: "ProbesFailing"; readonly restarts: number }
  | { readonly reason: "Starting"; readonly step: "Scheduling" | "LoadingModel" | "Initializing" }
  | { readonly reason: "Starting"; readonly step: "CreatingContainer"; readonly node: string }
);

export interface PodTroubles {
  /** A pod with the most specific reason. */
  readonly first: PodTrouble;
  /** How many more pods have the same reason. */
  readonly others: number;
}

/**
 * Of the pods that should serve and do not, of which `desired` should; undefined when there is none. `gpuRequest` is what
 * they ask for as their GPUs.
 */
export function podTroubles(
  pods: readonly PodView[],
  desired: number,
  gpuRequest?: GpuRequest,
): PodTroubles | undefined {
  const current = [...failuresOnNodes(pods, desired), ...pods.filter(({ failed }) => failed === undefined)];
  const troubles = current.map((pod) => podTrouble(pod, gpuRequest)).filter((trouble) => trouble !== undefined);
  for (const reason of Object.keys(podTroubleReasons) as readonly PodTroubleReason[]) {
    const same = troubles.filter((trouble) => trouble.reason === reason);
    const [first] = same;
    if (first !== undefined) return { first, others: same.length - 1 };
  }
  return undefined;
}

/**
 * The pods that kubelets have failed and that no other has replaced, the earliest failure first. Their ReplicaSet keeps
 * all failed pods. They are history once the template has changed, kubelets have admitted as many pods as are desired, or
 * one has admitted a pod that was created after the failure.
 */
export function failuresOnNodes(pods: readonly PodView[], desired: number): readonly PodView[] {
  const template = pods.toSorted((a, b) => (a.createdAt < b.createdAt ? -1 : 1)).at(-1)?.templateHash;
  const current = pods.filter(({ terminating, templateHash }) => !terminating && templateHash === template);
  const admitted = current.filter(({ failed, container }) => failed === undefined && container !== undefined);
  if (admitted.length >= desired) return [];
  const failures = current.flatMap((pod) => (pod.failed === undefined ? [] : [{ pod, at: pod.failed.at }]));
  return failures
    .filter(({ at }) => !admitted.some(({ createdAt }) => createdAt > at))
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .map(({ pod }) => pod);
}

/** Undefined for a pod that is ready, terminating or replaced. */
export function podTrouble(pod: PodView, gpuRequest?: GpuRequest): PodTrouble | undefined {
  const { name, node, unschedulable, failed, gates, labels, startFailure, provisioning } = pod;
  if (pod.ready || pod.terminating) return undefined;
  if (node !== undefined && failed !== undefined) {
    return { pod: name, reason: "FailedOnNode", node, failure: failed.reason, message: failed.message };
  }
  // The garbage collector deletes it.
  if (pod.phase === "Failed") return undefined;
  if (node !== undefined && startFailure !== undefined && isBeingCreated(pod)) {
    const { reason, message } = startFailure;
    return { pod: name, reason: "ContainerNotCreated", waiting: reason, message, node };
  }
  if (node !== undefined) return { pod: name, ...onNode(node, pod) };
  if (gates.length > 0) return { pod: name, reason: "SchedulingGated", gates, queue: labels[queueLabel] };
  if (unschedulable === undefined) return { pod: name, reason: "Starting", step: "Scheduling" };
  if (provisioning?.coming === true) {
    return { pod: name, reason: "WaitingForNode", progress: provisioning.progress };
  }
  const refused = provisioning === undefined ? {} : { provisioning };
  if (waitsForGpu(unschedulable, pod, gpuRequest)) return { pod: name, reason: "WaitingForGpu", ...refused };
  return { pod: name, reason: "Unschedulable", message: unschedulable, ...refused };
}

/** The scheduler has found no node, so a node autoscaler may add one. */
export function waitsForNode({ node, unschedulable, terminating, failed, phase }: PodView): boolean {
  return (
    node === undefined && unschedulable !== undefined && !terminating && failed === undefined && phase === "Pending"
  );
}

type Cause = PodTrouble extends infer One ? (One extends unknown ? Omit<One, "pod"> : never) : never;

/** Bound to a node, where no container has started. Why not, the status of the pod does not have. */
export function isBeingCreated({ node, phase, terminating, failed, container, blocking }: PodView): boolean {
  if (node === undefined || phase !== "Pending" || terminating || failed !== undefined) return false;
  return [container, blocking].every(
    (one) => one === undefined || (!one.running && one.ended === undefined && failureOf(node, one) === undefined),
  );
}

/** A sidecar that crashes explains more than a model that is being loaded. */
function onNode(node: string, { container, blocking }: PodView): Cause {
  if (blocking === undefined) return ofProcessor(node, container);
  const cause: Cause = { container: blocking.name, ...ofBlocking(node, blocking) };
  if (blocking.comesFirst || container?.ready === true) return cause;
  const own = ofProcessor(node, container);
  return order(own) < order(cause) ? own : cause;
}

function order({ reason }: Pick<PodTrouble, "reason">): number {
  return Object.keys(podTroubleReasons).indexOf(reason);
}

function ofBlocking(node: string, container: BlockingContainer): Cause {
  const failure = failureOf(node, container);
  if (failure !== undefined) return failure;
  if (container.comesFirst) return { reason: "Starting", step: "Initializing" };
  return container.running
    ? { reason: "ProbesFailing", restarts: container.restarts }
    : { reason: "Starting", step: "CreatingContainer", node };
}

function ofProcessor(node: string, container: ContainerView | undefined): Cause {
  if (container === undefined) return { reason: "Starting", step: "CreatingContainer", node };
  // The pod is not ready although its container is. A readiness gate has the same effect: our pods have none, but the
  // webhook of a load balancer may add one.
  if (container.ready) return { reason: "NodeNotReady", node };
  const failure = failureOf(node, container);
  if (failure !== undefined) return failure;
  const { restarts, running } = container;
  if (!running) return { reason: "Starting", step: "CreatingContainer", node };
  // A startup probe that keeps failing results in a restart.
  if (!container.started && restarts === 0) return { reason: "Starting", step: "LoadingModel" };
  return { reason: "ProbesFailing", restarts };
}

/** Undefined for a container that runs, or is still to run. */
function failureOf(node: string, { waiting, ended, restarts, running }: ContainerView): Cause | undefined {
  if (waiting !== undefined && imagePullFailures.has(waiting.reason)) {
    return { reason: "ImagePullFailed", message: waiting.message || waiting.reason };
  }
  if (waiting !== undefined && creationFailures.has(waiting.reason)) {
    return { reason: "ContainerNotCreated", waiting: waiting.reason, message: waiting.message, node };
  }
  // Between two attempts the kubelet reports CrashLoopBackOff, and the runtime's words as those of the last attempt.
  if (ended !== undefined && !running && startFailures.has(ended.reason)) {
    return { reason: "ContainerNotCreated", waiting: ended.reason, message: ended.message, node };
  }
  if (ended?.reason === "OOMKilled") return { reason: "OutOfMemory", restarts };
  if (ended !== undefined && !running) {
    const { exitCode, signal, message } = ended;
    return { reason: "CrashLoop", exitCode, signal, restarts, message: message.trim() };
  }
  return undefined;
}

/** Time alone does not resolve these. */
export function isFatal({ reason }: PodTrouble): boolean {
  return fatalReasons.has(reason);
}

/** The predicate of a sentence whose subject is the pod: `is loading its model`. */
export function podTroubleText(trouble: PodTrouble): string {
  const { pod, container } = trouble;
  const logs = `kubectl logs ${pod}${container === undefined ? "" : ` -c ${container}`}`;
  const which = container === undefined ? "" : `has a container ${container} that `;
  switch (trouble.reason) {
    case "ImagePullFailed":
      return `cannot pull ${container === undefined ? "its image" : `the image of its container ${container}`}: ${trouble.message}`;
    case "ContainerNotCreated":
      return `cannot create its container ${container === undefined ? "" : `${container} `}(${trouble.waiting}): ${notCreated(trouble)}`;
    case "OutOfMemory":
      return `${which}was OOM-killed at its memory limit (${times(trouble.restarts)}); ${container === undefined ? "raise resources.limits.memory, or lower processing.batch.maxSize" : "raise that limit"}`;
    case "CrashLoop": {
      const { exitCode, signal, restarts, message } = trouble;
      const how = signal > 0 ? `was terminated by signal ${signal}` : `exited with code ${exitCode}`;
      return `${which}${how} (${times(restarts)})${message === "" ? `; see ${logs} --previous` : `: ${message}`}`;
    }
    case "FailedOnNode":
      return `failed on node ${trouble.node} (${trouble.failure}): ${trouble.message.trim()}; ${nextStep(trouble)}`;
    case "SchedulingGated":
      return gated(trouble);
    case "NodeNotReady":
      return `is not ready although its container is: node ${trouble.node} does not report (kubectl describe node ${trouble.node}), or a readiness gate of the pod is not met`;
    case "WaitingForGpu":
      return "is waiting for a GPU";
    case "Unschedulable":
      return `cannot be scheduled: ${trouble.message}`;
    case "WaitingForNode":
      return awaitsNode(trouble.progress);
    case "ProbesFailing":
      return trouble.restarts === 0
        ? `${which}is running but not ready: its readiness probe fails; see ${logs}`
        : `${which}is running but not ready after ${times(trouble.restarts)}: its probes fail; see ${logs}`;
    case "Starting":
      switch (trouble.step) {
        case "Scheduling":
          return "is waiting to be scheduled";
        case "CreatingContainer":
          return `is being created on node ${trouble.node}`;
        case "LoadingModel":
          return "is loading its model";
        case "Initializing":
          return `is waiting for its init container ${container ?? ""}; see ${logs}`;
      }
  }
}

const fatalReasons: ReadonlySet<PodTroubleReason> = new Set([
  "ImagePullFailed",
  "ContainerNotCreated",
  "OutOfMemory",
  "CrashLoop",
  "FailedOnNode",
]);
const imagePullFailures: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
]);
const creationFailures: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

const startFailures: ReadonlySet<string> = new Set(["StartError", "ContainerCannotRun"]);

function gated({ gates, queue }: PodTrouble & { readonly reason: "SchedulingGated" }): string {
  const held = `is held back by the scheduling gate${gates.length === 1 ? "" : "s"} ${gates.join(", ")}`;
  return gates.some(isKueueGate)
    ? `${held}: ${notAdmitted(queue)}`
    : `${held}: the scheduler ignores it until the controller of the gate removes it`;
}

/** The sentence of NVIDIA's container runtime, without the call stack around it, and the driver that it requires. */
function notCreated({ waiting, message, node }: PodTrouble & { readonly reason: "ContainerNotCreated" }): string {
  if (waiting === "FailedPrepareDynamicResources") {
    return `${message.trim()}; check that the DRA driver is running on node ${node}`;
  }
  const sentence =
    /nvidia-container-(?:cli|runtime)[^:\n]*: (?!.*nvidia-container-)[^\n]*/.exec(message)?.[0] ?? message;
  const words = sentence.trim().replace(/: unknown$/, "");
  const driver = requiredDriver(words);
  return driver === undefined
    ? words
    : `${words}; ${driver} on node ${node}: update it, or select nodes that have it with scheduling.nodeSelector`;
}

/** An empty value also removes a parameter that a profile sets. */
export const sysctlStep = 'set the kernel parameter to "" in spec.sysctls';

function nextStep({ node, pod, failure, message }: PodTrouble & { readonly reason: "FailedOnNode" }): string {
  // The device plugin's `failRequestsGreaterThanOne`.
  if (message.includes("maximum request size for shared resources")) {
    return "set gpu.count: 1, because the GPUs of the node are shared and a larger share gives no more of a GPU";
  }
  if (failure === "SysctlForbidden") {
    return `${sysctlStep}, or list it in the kubelet's allowedUnsafeSysctls`;
  }
  if (failure === "UnexpectedAdmissionError") return `check the GPUs and the device plugin of node ${node}`;
  return `see kubectl describe pod ${pod}`;
}

function times(restarts: number): string {
  return restarts === 1 ? "1 restart" : `${restarts} restarts`;
}
