/** A pod's status from the states of its containers. Pure. */
import type { ContainerState } from "./container.ts";
import type { Pod, PodCondition, Resources } from "./pod-spec.ts";

export interface ContainerView {
  readonly name: string;
  readonly image: string;
  readonly state: ContainerState;
  readonly lastState: ContainerState | undefined;
  readonly restartCount: number;
  readonly ready: boolean;
  readonly started: boolean;
  /** Those of the spec: a resize in place takes effect at once, as nothing is limited. */
  readonly resources: Resources | undefined;
}

export interface PodView {
  readonly hostIP: string;
  /** Undefined before its containers start. */
  readonly podIP: string | undefined;
  readonly startTime: string;
  readonly containers: readonly ContainerView[];
  /** No container will run again. */
  readonly over: boolean;
  /** Why the node rejected it. */
  readonly refused?: { readonly reason: string; readonly message: string };
}

/** `former`: the present conditions; unchanged ones keep their transition time, those of other controllers are kept. */
export function podStatus(view: PodView, former: readonly PodCondition[], now: string): NonNullable<Pod["status"]> {
  const { containers, podIP, hostIP, startTime, refused } = view;
  const phase = phaseOf(view);
  const unready = containers.filter(({ ready }) => !ready).map(({ name }) => name);
  const readiness = readinessOf(phase, unready);
  const own = [
    condition("PodReadyToStartContainers", podIP !== undefined && !view.over),
    condition("Initialized", true),
    condition("ContainersReady", readiness === undefined, readiness),
    condition("Ready", readiness === undefined, readiness),
  ];
  const others = former.filter(({ type }) => own.every((condition) => condition.type !== type));
  return {
    phase,
    ...refused,
    conditions: [...others, ...own.map((condition) => timed(condition, former, now))],
    startTime,
    hostIP,
    hostIPs: [{ ip: hostIP }],
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    containerStatuses: containers.map(containerStatus),
  } as NonNullable<Pod["status"]>;
}

/** Without `resources`, the API server refuses to resize the pod, and a VerticalPodAutoscaler evicts it instead. */
function containerStatus({ resources = {}, ...container }: ContainerView): object {
  const reported = { resources, allocatedResources: resources.requests ?? {} };
  const { lastState, state } = container;
  return { ...container, lastState: lastState ?? {}, imageID: "", ...("waiting" in state ? {} : reported) };
}

function phaseOf({ containers, over, refused }: PodView): "Pending" | "Running" | "Succeeded" | "Failed" {
  if (refused !== undefined) return "Failed";
  if (over) return containers.every(succeeded) ? "Succeeded" : "Failed";
  const hasRun = containers.some(({ state, lastState }) => !("waiting" in state) || lastState !== undefined);
  return hasRun ? "Running" : "Pending";
}

function succeeded({ state }: ContainerView): boolean {
  return "terminated" in state && state.terminated.exitCode === 0;
}

type Because = Pick<PodCondition, "reason" | "message">;

/** Undefined if ready; the texts are the kubelet's. */
function readinessOf(phase: string, unready: readonly string[]): Because | undefined {
  if (phase === "Succeeded") return { reason: "PodCompleted" };
  if (phase === "Failed") return { reason: "PodFailed" };
  if (unready.length === 0) return undefined;
  return { reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
}

type Untimed = Omit<PodCondition, "lastTransitionTime">;

function condition(type: string, isTrue: boolean, because: Because = {}): Untimed {
  return { type, status: isTrue ? "True" : "False", ...because };
}

function timed(condition: Untimed, former: readonly PodCondition[], now: string): PodCondition {
  const same = former.find(({ type, status }) => type === condition.type && status === condition.status);
  return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? now };
}
