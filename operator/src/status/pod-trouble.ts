/** Why pods do not serve, from what the scheduler and the kubelet report: as facts, and as text for people. */
import type { ContainerView, PodView } from "../observe/pod-view.ts";
import { mentionsDevice } from "./gpu-shortage.ts";
import { podTroubleReasons, type PodTroubleReason } from "./reasons.ts";

/** Messages are those of the kubelet, the scheduler or the processor; empty where there is none. */
export type PodTrouble = { readonly pod: string } & (
  | { readonly reason: "ImagePullFailed"; readonly message: string }
  | { readonly reason: "ContainerNotCreated"; readonly waiting: string; readonly message: string }
  | { readonly reason: "OutOfMemory"; readonly restarts: number }
  | {
      readonly reason: "CrashLoop";
      readonly exitCode: number;
      /** 0: the process was not ended by a signal. */
      readonly signal: number;
      readonly restarts: number;
      readonly message: string;
    }
  | { readonly reason: "NodeNotReady"; readonly node: string }
  | { readonly reason: "WaitingForGpu" }
  | { readonly reason: "Unschedulable"; readonly message: string }
  | { readonly reason: "ProbesFailing"; readonly restarts: number }
  | { readonly reason: "Starting"; readonly step: "Scheduling" | "LoadingModel" }
  | { readonly reason: "Starting"; readonly step: "CreatingContainer"; readonly node: string }
);

export interface PodTroubles {
  /** A pod with the most specific reason. */
  readonly first: PodTrouble;
  /** How many more pods have the same reason. */
  readonly others: number;
}

/** Of the pods that should serve and do not; undefined when there is none. */
export function podTroubles(pods: readonly PodView[]): PodTroubles | undefined {
  const troubles = pods.map(podTrouble).filter((trouble) => trouble !== undefined);
  for (const reason of Object.keys(podTroubleReasons) as readonly PodTroubleReason[]) {
    const same = troubles.filter((trouble) => trouble.reason === reason);
    const [first] = same;
    if (first !== undefined) return { first, others: same.length - 1 };
  }
  return undefined;
}

/** Undefined for a pod that is ready or terminating. */
export function podTrouble(pod: PodView): PodTrouble | undefined {
  const { name, node, container, unschedulable, devices } = pod;
  if (pod.ready || pod.terminating) return undefined;
  if (node !== undefined) return { pod: name, ...onNode(node, container) };
  if (unschedulable === undefined) return { pod: name, reason: "Starting", step: "Scheduling" };
  if (mentionsDevice(unschedulable, devices)) return { pod: name, reason: "WaitingForGpu" };
  return { pod: name, reason: "Unschedulable", message: unschedulable };
}

type Cause = PodTrouble extends infer One ? (One extends unknown ? Omit<One, "pod"> : never) : never;

function onNode(node: string, container: ContainerView | undefined): Cause {
  if (container === undefined) return { reason: "Starting", step: "CreatingContainer", node };
  // The pod is not ready although its container is. A readiness gate has the same effect: our pods have none, but the
  // webhook of a load balancer may add one.
  if (container.ready) return { reason: "NodeNotReady", node };
  const { waiting, ended, restarts, running } = container;
  if (waiting !== undefined && imagePullFailures.has(waiting.reason)) {
    return { reason: "ImagePullFailed", message: waiting.message || waiting.reason };
  }
  if (waiting !== undefined && creationFailures.has(waiting.reason)) {
    return { reason: "ContainerNotCreated", waiting: waiting.reason, message: waiting.message };
  }
  if (ended?.reason === "OOMKilled") return { reason: "OutOfMemory", restarts };
  if (ended !== undefined && !running) {
    const { exitCode, signal, message } = ended;
    return { reason: "CrashLoop", exitCode, signal, restarts, message: message.trim() };
  }
  if (!running) return { reason: "Starting", step: "CreatingContainer", node };
  // A startup probe that keeps failing results in a restart.
  if (!container.started && restarts === 0) return { reason: "Starting", step: "LoadingModel" };
  return { reason: "ProbesFailing", restarts };
}

/** Time alone does not resolve these. */
export function isFatal({ reason }: PodTrouble): boolean {
  return fatalReasons.has(reason);
}

/** The predicate of a sentence whose subject is the pod: `is loading its model`. */
export function podTroubleText(trouble: PodTrouble): string {
  const { pod } = trouble;
  switch (trouble.reason) {
    case "ImagePullFailed":
      return `cannot pull its image: ${trouble.message}`;
    case "ContainerNotCreated":
      return `cannot create its container (${trouble.waiting}): ${trouble.message}`;
    case "OutOfMemory":
      return `was OOM-killed at its memory limit (${times(trouble.restarts)}); raise resources.limits.memory, or lower processing.batch.maxSize`;
    case "CrashLoop": {
      const { exitCode, signal, restarts, message } = trouble;
      const how = signal > 0 ? `was terminated by signal ${signal}` : `exited with code ${exitCode}`;
      return `${how} (${times(restarts)})${message === "" ? `; see kubectl logs ${pod} --previous` : `: ${message}`}`;
    }
    case "NodeNotReady":
      return `is not ready although its container is: node ${trouble.node} does not report (kubectl describe node ${trouble.node}), or a readiness gate of the pod is not met`;
    case "WaitingForGpu":
      return "is waiting for a GPU";
    case "Unschedulable":
      return `cannot be scheduled: ${trouble.message}`;
    case "ProbesFailing":
      return trouble.restarts === 0
        ? `is running but not ready: its readiness probe fails; see kubectl logs ${pod}`
        : `is running but not ready after ${times(trouble.restarts)}: its probes fail; see kubectl logs ${pod}`;
    case "Starting":
      switch (trouble.step) {
        case "Scheduling":
          return "is waiting to be scheduled";
        case "CreatingContainer":
          return `is being created on node ${trouble.node}`;
        case "LoadingModel":
          return "is loading its model";
      }
  }
}

const fatalReasons: ReadonlySet<PodTroubleReason> = new Set([
  "ImagePullFailed",
  "ContainerNotCreated",
  "OutOfMemory",
  "CrashLoop",
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

function times(restarts: number): string {
  return restarts === 1 ? "1 restart" : `${restarts} restarts`;
}
