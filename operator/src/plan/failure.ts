/** Why a pass over a service did not reach its end. `toFailure` is the only place that turns what was thrown into one. */
import { ApiError } from "../kube/errors.ts";

export type StalledReason =
  /** The stored spec breaks a rule of the schema: it was stored before the schema had the rule. */
  | "InvalidSpec"
  /** `spec.profile` names neither a built-in profile nor a GpuMediaProfile. */
  | "UnknownProfile"
  /** A profile's `basedOn` leads back to itself. */
  | "ProfileCycle"
  /** A child's name is taken by an object that is not ours. */
  | "NameTaken"
  /** The API server refuses a child: what it says is in the message. */
  | "ChildRejected"
  /** The operator's RBAC does not allow what it has to do. */
  | "Forbidden";

export type WaitingReason =
  /** A predecessor of the same name is still being removed. */
  | "AwaitingRemoval"
  /** A child is rewritten by somebody else as soon as we have applied it. */
  | "Overwritten"
  /** Other services are replacing their pods, and only so many may at a time. */
  | "RolloutQueued"
  /** A child's API is being removed from the cluster. */
  | "ApiVanishing"
  /** The namespace's quota leaves no room for a child. */
  | "QuotaExceeded";

export type Failure =
  /** The user must act: as a rule not tried again until something changes. */
  | {
      readonly kind: "Stalled";
      readonly reason: StalledReason;
      readonly message: string;
      /** Looked at again after so long, where no watch would tell us that the user has acted. */
      readonly afterMs?: number;
    }
  /** Time will tell: looked at again after `afterMs`. */
  | { readonly kind: "Waiting"; readonly reason: WaitingReason; readonly afterMs: number; readonly message: string }
  /** The API server or the way to it: tried again with back-off. */
  | { readonly kind: "Transient"; readonly cause: ApiError }
  /** We saw an old version: tried again at once. */
  | { readonly kind: "Conflict" };

const quotaCheckMs = 30_000;
const vanishingCheckMs = 5_000;

/** Anything that is not an answer of the API server is a bug of ours, and is thrown on. */
export function toFailure(thrown: unknown, child: string): Failure {
  if (!(thrown instanceof ApiError)) throw thrown;
  const { status, message } = thrown;
  if (status === 409) return { kind: "Conflict" };
  if (status === 400 || status === 413 || status === 422) {
    return { kind: "Stalled", reason: "ChildRejected", message: `the API server rejects ${child}: ${message}` };
  }
  if (status !== 403) return { kind: "Transient", cause: thrown };
  if (message.includes("exceeded quota")) {
    return { kind: "Waiting", reason: "QuotaExceeded", afterMs: quotaCheckMs, message: `${child}: ${message}` };
  }
  if (message.includes("custom resource definition is terminating")) {
    return { kind: "Waiting", reason: "ApiVanishing", afterMs: vanishingCheckMs, message: `${child}: ${message}` };
  }
  // For half a minute after the CRDs were installed, admission does not know the kind of our owner references: a service
  // made right after the installation would have stayed without children.
  if (message.includes("cannot find RESTMapping")) return { kind: "Transient", cause: thrown };
  // RBAC says «cannot create resource»; any other refusal is admission's, and the user's to mend.
  const reason = message.includes("cannot ") ? "Forbidden" : "ChildRejected";
  return { kind: "Stalled", reason, message: `the API server refuses ${child}: ${message}` };
}
