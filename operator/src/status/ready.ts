/** Ready, and kstatus' Reconciling and Stalled, which are there only while they are true. */
import type { ChildView } from "../observe/child-view.ts";
import type { Failure, StalledReason, WaitingReason } from "../plan/failure.ts";
import { isFalse, isTrue, type Verdict } from "./condition.ts";
import { neededReplicas, replicaCounts, type StatusInput } from "./status-input.ts";
import { podTrouble, type PodTrouble, type PodTroubleReason } from "./pod-trouble.ts";

export type ReadyReason =
  | "Serving"
  | "ScaledToZero"
  | "Suspended"
  /** Children are being made, or a rollout is under way. */
  | "Progressing"
  /** The ReplicaSet may not make pods: quota, Pod Security, a webhook. */
  | "PodsForbidden"
  | "ApiServerError"
  | StalledReason
  | WaitingReason
  | PodTroubleReason;

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
    const message = `suspended: the children are left as they are; ${serving.message}`;
    return settled({ ...serving, reason: "Suspended", message });
  }
  if (failure !== undefined) {
    const { reason, message } = wait(failure);
    // What is still to be done is one thing; a service that serves meanwhile serves.
    const { status, reason: servingReason, message: servingMessage } = serving;
    const ready = status === "True" ? isTrue(servingReason, servingMessage) : isFalse(reason, message);
    return { ready, reconciling: isTrue(reason, message), stalled: undefined };
  }
  if (serving.status === "True") return settled(serving);
  if (serving.fatal && deadlineExceeded(deployment)) return stalled(serving.reason, serving.message);
  const { reason, message } = serving;
  return { ready: isFalse(reason, message), reconciling: isTrue(reason, message), stalled: undefined };
}

/** When the spec could not be made sense of: nothing is known of what should be there. */
export function stalled(reason: ReadyReason, message: string): Readiness {
  return { ready: isFalse(reason, message), reconciling: undefined, stalled: isTrue(reason, message) };
}

function settled({ status, reason, message }: Verdict<ReadyReason>): Readiness {
  return { ready: { status, reason, message }, reconciling: undefined, stalled: undefined };
}

function wait(failure: Exclude<Failure, { kind: "Stalled" }>): { reason: ReadyReason; message: string } {
  switch (failure.kind) {
    case "Waiting":
      return { reason: failure.reason, message: failure.message };
    case "Transient":
      return {
        reason: "ApiServerError",
        message: `the API server did not do what it was asked, trying again: ${failure.cause.message}`,
      };
    case "Conflict":
      return {
        reason: "Progressing",
        message: "a child was changed by somebody else at the same moment, trying again",
      };
  }
}

type Serving = Verdict<ReadyReason> & { readonly fatal: boolean };

function servingVerdict(input: StatusInput): Serving {
  const { deployment, pods, gpus } = input;
  if (deployment === undefined) return progressing("the Deployment is not there yet");
  const { desired, ready, updated } = replicaCounts(input);
  if ((deployment.status.observedGeneration ?? 0) < deployment.generation) {
    return progressing("the Deployment's last change is still to be noticed by its controller");
  }
  if (desired === 0) return { ...isTrue("ScaledToZero", "no replica is wanted"), fatal: false };
  const needed = neededReplicas(input);
  const rolledOut = updated >= desired && (deployment.status.replicas ?? 0) <= updated;
  if (rolledOut && (deployment.status.availableReplicas ?? 0) >= needed) {
    const more = ready < desired ? `, ${desired - ready} more to come` : "";
    return { ...isTrue("Serving", `${ready} of ${desired} replicas serve${more}`), fatal: false };
  }
  const counts = `${ready} of ${desired} replicas serve`;
  const trouble = replicaFailure(deployment) ?? podTrouble(pods, gpus);
  if (trouble === undefined) return progressing(rolledOut ? counts : `${counts}, ${updated} of them updated`);
  if (trouble.reason === "Starting") return progressing(`${counts}; ${trouble.message}`);
  return { ...isFalse(trouble.reason, `${counts}; ${trouble.message}`), fatal: trouble.fatal };
}

function progressing(message: string): Serving {
  return { ...isFalse("Progressing", message), fatal: false };
}

/** What the ReplicaSet was told when it tried to make pods. */
function replicaFailure(
  deployment: ChildView,
): (Omit<PodTrouble, "reason"> & { readonly reason: "PodsForbidden" | "QuotaExceeded" }) | undefined {
  const condition = deployment.status.conditions?.find(
    ({ type, status }) => type === "ReplicaFailure" && status === "True",
  );
  if (condition === undefined) return undefined;
  const words = condition.message ?? "";
  const reason = words.includes("exceeded quota") ? "QuotaExceeded" : "PodsForbidden";
  // A quota frees up by itself; a rule does not change.
  return { reason, message: `no pod can be made: ${words}`, fatal: reason === "PodsForbidden" };
}

function deadlineExceeded(deployment: ChildView | undefined): boolean {
  return (
    deployment?.status.conditions?.some(
      ({ type, status, reason }) =>
        type === "Progressing" && status === "False" && reason === "ProgressDeadlineExceeded",
    ) === true
  );
}
