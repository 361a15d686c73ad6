/** Ready, and kstatus' Reconciling and Stalled, which exist only while they are true. */
import { refusalText } from "../neighbours/karpenter.ts";
import { replicaFailure, type ChildView } from "../observe/child-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import { exceedsQuota, type Failure } from "../plan/failure.ts";
import type { GpuView } from "../plan/gpus.ts";
import { isFalse, isTrue, type Verdict } from "./condition.ts";
import { gpuShortage, unmatchedSelection } from "./gpu-shortage.ts";
import { failuresOnNodes, isFatal, podTroubles, podTroubleText, sysctlStep, type PodTroubles } from "./pod-trouble.ts";
import type { ReadyReason } from "./reasons.ts";
import { neededReplicas, replicaCounts, type StatusInput } from "./status-input.ts";

export interface Readiness {
  readonly ready: Verdict<ReadyReason>;
  readonly reconciling: Verdict<ReadyReason> | undefined;
  readonly stalled: Verdict<ReadyReason> | undefined;
}

export function readiness(input: StatusInput): Readiness {
  const { failure, deployment, service } = input;
  if (failure?.kind === "Stalled") return stalled(failure.reason, failure.message);
  const serving = servingVerdict(input);
  if (service.suspend) {
    const message = `suspended, set spec.suspend: false to resume; ${serving.message}`;
    return settled({ ...serving, reason: "Suspended", message });
  }
  if (failure !== undefined) {
    const { reason, message } = cause(failure);
    // A service whose replicas are ready stays Ready while another child waits.
    const { status, reason: servingReason, message: servingMessage } = serving;
    const ready = status === "True" ? isTrue(servingReason, servingMessage) : isFalse(reason, message);
    return { ready, reconciling: isTrue(reason, message), stalled: undefined };
  }
  if (serving.status === "True") return settled(serving);
  if (serving.fatal && deadlineExceeded(deployment)) return stalled(serving.reason, serving.message);
  const { reason, message } = serving;
  return { ready: isFalse(reason, message), reconciling: isTrue(reason, message), stalled: undefined };
}

/** For a spec that cannot be evaluated: the desired children are not known. */
export function stalled(reason: ReadyReason, message: string): Readiness {
  return { ready: isFalse(reason, message), reconciling: undefined, stalled: isTrue(reason, message) };
}

function settled({ status, reason, message }: Verdict<ReadyReason>): Readiness {
  return { ready: { status, reason, message }, reconciling: undefined, stalled: undefined };
}

function cause(failure: Exclude<Failure, { kind: "Stalled" }>): { reason: ReadyReason; message: string } {
  switch (failure.kind) {
    case "Waiting":
      return { reason: failure.reason, message: failure.message };
    case "Transient":
      return {
        reason: "ApiServerError",
        message: `a request to the API server failed, retrying: ${failure.cause.message}`,
      };
    case "Conflict":
      return { reason: "Progressing", message: "a child changed during the update, retrying" };
  }
}

type Serving = Verdict<ReadyReason> & { readonly fatal: boolean };

function servingVerdict(input: StatusInput): Serving {
  const { deployment, pods, gpus } = input;
  if (deployment === undefined) return progressing("the Deployment has not been created yet");
  const { desired, ready, updated } = replicaCounts(input);
  if ((deployment.status.observedGeneration ?? 0) < deployment.generation) {
    return progressing("waiting for the Deployment controller to observe the latest change");
  }
  if (desired === 0) return { ...isTrue("ScaledToZero", "scaled to 0 replicas"), fatal: false };
  const counts = `${ready} of ${desired} replicas are ready`;
  const rolledOut = updated >= desired && (deployment.status.replicas ?? 0) <= updated;
  if (rolledOut && (deployment.status.availableReplicas ?? 0) >= neededReplicas(input)) {
    const failures = ready < desired ? podTroubles(failuresOnNodes(pods, desired), desired) : undefined;
    const lost = lostGpus(input);
    if (failures === undefined && lost !== undefined)
      return { ...isTrue("Degraded", `${counts}; ${lost}`), fatal: false };
    if (failures === undefined) return { ...isTrue("Serving", counts), fatal: false };
    return { ...isTrue("Degraded", `${counts}; ${troublesText(failures, gpus)}`), fatal: false };
  }
  const rejected = rejectedPods(deployment);
  if (rejected !== undefined) return { ...rejected, message: `${counts}; ${rejected.message}` };
  const unclaimed = podWithoutClaim(input);
  if (unclaimed !== undefined) return { ...isFalse("QuotaExceeded", `${counts}; ${unclaimed}`), fatal: false };
  const troubles = podTroubles(pods, desired, gpus.request);
  if (troubles === undefined) return progressing(rolledOut ? counts : `${counts}, ${updated} of them updated`);
  const message = `${counts}; ${troublesText(troubles, gpus)}`;
  const { first } = troubles;
  return first.reason === "Starting"
    ? progressing(message)
    : { ...isFalse(first.reason, message), fatal: isFatal(first) };
}

/** Of pods that serve: what they report, or what the kubelet reports of their devices. */
function lostGpus({ pods, reading }: StatusInput): string | undefined {
  const reported = new Map(reading.lost.map(({ pod, gpu }) => [pod, gpu]));
  const lost = pods.flatMap(({ name, ready, terminating, node, unhealthyDevice }) => {
    const gpu = reported.get(name) ?? unhealthyDevice;
    return ready && !terminating && gpu !== undefined ? [{ name, node, gpu }] : [];
  });
  const [first] = lost;
  if (first === undefined) return undefined;
  const { name, node = "", gpu } = first;
  const step = `check node ${node}, then delete the pod to replace it on another GPU`;
  return `pod ${name} is ready although it has lost ${gpu}; ${step}${moreText(String(lost.length - 1))}`;
}

function troublesText({ first, others }: PodTroubles, gpus: GpuView): string {
  const more = moreText(first.reason === "FailedOnNode" ? roughly(others) : String(others));
  if (first.reason === "WaitingForGpu") {
    const shortage = unmatchedSelection("", gpus) ?? gpuShortage(gpus);
    return `pod ${first.pod} ${podTroubleText(first)}: ${shortage}${refusalText(first.provisioning)}${more}`;
  }
  if (first.reason !== "Unschedulable") return `pod ${first.pod} ${podTroubleText(first)}${more}`;
  const unmatched = unmatchedSelection(first.message, gpus);
  const step = `${unmatched === undefined ? "" : `; ${unmatched}`}${refusalText(first.provisioning)}`;
  return `pod ${first.pod} ${podTroubleText(first)}${step}${more}`;
}

function moreText(others: string): string {
  return others === "0" ? "" : ` (and ${others} more)`;
}

/** Exact up to 10. A ReplicaSet replaces a failed pod at once, and each further one would be a write of the status. */
function roughly(count: number): string {
  if (count <= 10) return String(count);
  const magnitude = 10 ** Math.floor(Math.log10(count));
  return `at least ${magnitude * (count >= 5 * magnitude ? 5 : count >= 2 * magnitude ? 2 : 1)}`;
}

function progressing(message: string): Serving {
  return { ...isFalse("Progressing", message), fatal: false };
}

/** The API server rejects the pods that the ReplicaSet creates. */
function rejectedPods(deployment: ChildView): Serving | undefined {
  const condition = replicaFailure(deployment);
  if (condition === undefined) return undefined;
  const { message = "" } = condition;
  // Quota may become free; a policy does not change without a person.
  const isQuota = exceedsQuota(message);
  // Pod Security, Kyverno and Gatekeeper name the parameter, and not the field that it comes from.
  const hint = /sysctl/i.test(message) ? `; ${sysctlStep}` : "";
  const text = `cannot create pods: ${message}${hint}`;
  return { ...isFalse(isQuota ? "QuotaExceeded" : "PodsForbidden", text), fatal: !isQuota };
}

/** The API server admits the pod, and rejects its ResourceClaim: an event of the pod is all that reports it. */
function podWithoutClaim({ pods, claimQuota }: StatusInput): string | undefined {
  if (claimQuota?.replicas !== 0) return undefined;
  const isWithout = ({ node, terminating, lacksClaim, unschedulable }: PodView): boolean =>
    node === undefined && !terminating && (lacksClaim || exceedsQuota(unschedulable));
  const pod = pods.find(isWithout);
  const { quota, resource } = claimQuota;
  return (
    pod &&
    `pod ${pod.name} gets no ResourceClaim: quota ${quota} has too little ${resource} left; raise the quota, or lower the number of replicas`
  );
}

function deadlineExceeded(deployment: ChildView | undefined): boolean {
  return (
    deployment?.status.conditions?.some(
      ({ type, status, reason }) =>
        type === "Progressing" && status === "False" && reason === "ProgressDeadlineExceeded",
    ) === true
  );
}
