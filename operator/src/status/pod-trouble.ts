/**
 * Why pods are not serving, from what the scheduler and the kubelet say of them. The most telling trouble wins: one that
 * names a cause that somebody can mend comes before one that only says that it takes time.
 */
import type { PodView } from "../observe/pod-view.ts";
import type { GpuView } from "../plan/gpus.ts";
import { gpuShortage, mentionsDevice } from "./gpu-shortage.ts";

export type PodTroubleReason =
  /** The image can't be had. */
  | "ImagePullFailed"
  /** The container can't be made: a missing ConfigMap key, a volume, a user. */
  | "ContainerNotCreated"
  /** The kernel ended the processor at its memory limit. */
  | "OutOfMemory"
  /** The processor ended and is started again, later each time. */
  | "CrashLoop"
  /** The kubelet has fallen silent: whether the processor runs is not known, and no Service leads to it. */
  | "NodeNotReady"
  /** The processor runs and its readiness probe fails. */
  | "ProbesFailing"
  /** No node has the GPUs that a replica needs. */
  | "WaitingForGpu"
  /** No node takes the pod for another reason. */
  | "Unschedulable"
  /** Nothing is wrong yet: it is being made. */
  | "Starting";

export interface PodTrouble {
  readonly reason: PodTroubleReason;
  readonly message: string;
  /** Time alone will not mend it. */
  readonly fatal: boolean;
}

/** The pods that should be serving and are not; undefined when there is none. */
export function podTrouble(pods: readonly PodView[], gpus: GpuView): PodTrouble | undefined {
  const troubles = pods.filter(({ ready, terminating }) => !ready && !terminating).map((pod) => troubleOf(pod, gpus));
  for (const reason of byWeight) {
    const same = troubles.filter((trouble) => trouble.reason === reason);
    const [first] = same;
    if (first === undefined) continue;
    const others = same.length - 1;
    return others === 0 ? first : { ...first, message: `${first.message} (and ${others} more)` };
  }
  return undefined;
}

const byWeight: readonly PodTroubleReason[] = [
  "ImagePullFailed",
  "ContainerNotCreated",
  "OutOfMemory",
  "CrashLoop",
  "NodeNotReady",
  "WaitingForGpu",
  "Unschedulable",
  "ProbesFailing",
  "Starting",
];

function troubleOf(pod: PodView, gpus: GpuView): PodTrouble {
  const { name, container } = pod;
  if (pod.node === undefined) return placement(pod, gpus);
  if (container === undefined)
    return { reason: "Starting", message: `${name} is being made on ${pod.node}`, fatal: false };
  if (container.ready) {
    // A readiness gate looks the same: our pods have none, but a load balancer's webhook may add one.
    const message = `${name} was ready, and ${pod.node} does not report any more (kubectl describe node ${pod.node}), or a readiness gate of the pod is not met`;
    return { reason: "NodeNotReady", message, fatal: false };
  }
  const { waiting, ended, restarts } = container;
  if (waiting !== undefined && imageReasons.has(waiting.reason)) {
    const message = `${name} cannot pull its image: ${waiting.message || waiting.reason}`;
    return { reason: "ImagePullFailed", message, fatal: true };
  }
  if (waiting !== undefined && creationReasons.has(waiting.reason)) {
    const message = `${name} cannot be made (${waiting.reason}): ${waiting.message}`;
    return { reason: "ContainerNotCreated", message, fatal: true };
  }
  if (ended?.reason === "OOMKilled") {
    const message = `${name} was ended for using more memory than its limit (${times(restarts)}): raise resources.limits.memory, or lower processing.batch.maxSize`;
    return { reason: "OutOfMemory", message, fatal: true };
  }
  if (ended !== undefined && !container.running) {
    const words = ended.message.trim();
    const how = ended.signal > 0 ? `signal ${ended.signal}` : `exit code ${ended.exitCode}`;
    const message = `${name} ends with ${how} (${times(restarts)})${words === "" ? "; see kubectl logs --previous" : `: ${words}`}`;
    return { reason: "CrashLoop", message, fatal: true };
  }
  // A startup probe that goes on failing ends in a restart.
  if (container.running && !container.started && restarts === 0) {
    return { reason: "Starting", message: `${name} loads its model`, fatal: false };
  }
  if (container.running) {
    const message =
      restarts === 0
        ? `${name} runs and is not ready: its readiness probe fails`
        : `${name} runs and is not ready after ${times(restarts)}: its probes fail`;
    return { reason: "ProbesFailing", message, fatal: false };
  }
  return { reason: "Starting", message: `${name} is being made on ${pod.node}`, fatal: false };
}

function placement(pod: PodView, gpus: GpuView): PodTrouble {
  if (pod.unschedulable === undefined)
    return { reason: "Starting", message: `${pod.name} waits for a node`, fatal: false };
  if (mentionsDevice(pod.unschedulable, pod.devices)) {
    return { reason: "WaitingForGpu", message: `${pod.name} waits: ${gpuShortage(gpus)}`, fatal: false };
  }
  return { reason: "Unschedulable", message: `no node takes ${pod.name}: ${pod.unschedulable}`, fatal: false };
}

const imageReasons: ReadonlySet<string> = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
]);
const creationReasons: ReadonlySet<string> = new Set([
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

function times(restarts: number): string {
  return restarts === 1 ? "1 restart" : `${restarts} restarts`;
}
