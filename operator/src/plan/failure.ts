/** Why a reconcile failed. Only `toFailure` converts a thrown error into one. */
import { ApiError } from "../kube/errors.ts";

/** What each reason means; docs/conditions.md is compared with both tables. */
export const stalledReasons = {
  InvalidSpec: "the stored spec violates the schema or contradicts itself",
  UnknownProfile: "neither a built-in profile nor a GpuMediaProfile has the name",
  ProfileCycle: "`basedOn` of a profile leads back to the profile",
  NameTaken: "an object that this operator does not manage has a child's name",
  ChildRejected: "the API server or an admission webhook rejects a child",
  Forbidden: "the operator's RBAC permissions do not suffice",
} as const;

export const waitingReasons = {
  AwaitingRemoval: "a previous child of the same name is still being deleted",
  Overwritten: "another field manager keeps overwriting a child",
  RolloutQueued: "a profile has changed, and other services roll out first",
  ApiVanishing: "the CRD of a child is being removed",
  QuotaExceeded: "the namespace's quota is used up",
} as const;

export type StalledReason = keyof typeof stalledReasons;
export type WaitingReason = keyof typeof waitingReasons;

export type Failure =
  /** The user must act: retried only after a change. */
  | {
      readonly kind: "Stalled";
      readonly reason: StalledReason;
      readonly message: string;
      /** When to reconcile again, where no watch would report the change. */
      readonly afterMs?: number;
    }
  /** Expected to pass: reconciled again after `afterMs`. */
  | { readonly kind: "Waiting"; readonly reason: WaitingReason; readonly afterMs: number; readonly message: string }
  /** The API server or the network: retried with back-off. */
  | { readonly kind: "Transient"; readonly cause: ApiError }
  /** The cached version was outdated: retried at once. */
  | { readonly kind: "Conflict" };

const quotaCheckMs = 30_000;
const vanishingCheckMs = 5_000;

/**
 * The words of the authorizer, and of the admission plugin OwnerReferencesPermissionEnforcement, which checks RBAC, too.
 * Any other rejection comes from a policy, whose own words may contain "cannot".
 */
const unauthorized =
  /^(?!admission webhook )(?:.*is forbidden: )?(?:User ".*" cannot \w+ (?:resource|path) |cannot set blockOwnerDeletion )/;

/** A refusal by a quota differs from others only in its message. */
export function exceedsQuota(message = ""): boolean {
  return message.includes("exceeded quota");
}

/** Rethrows anything but an error of the API server: it is a bug of the operator. */
export function toFailure(thrown: unknown, child: string): Failure {
  if (!(thrown instanceof ApiError)) throw thrown;
  const { status, message } = thrown;
  if (status === 409) return { kind: "Conflict" };
  if (status === 400 || status === 413 || status === 422) {
    return { kind: "Stalled", reason: "ChildRejected", message: `the API server rejects ${child}: ${message}` };
  }
  if (status !== 403) return { kind: "Transient", cause: thrown };
  if (exceedsQuota(message)) {
    return { kind: "Waiting", reason: "QuotaExceeded", afterMs: quotaCheckMs, message: `${child}: ${message}` };
  }
  if (message.includes("custom resource definition is terminating")) {
    return { kind: "Waiting", reason: "ApiVanishing", afterMs: vanishingCheckMs, message: `${child}: ${message}` };
  }
  // For half a minute after the CRDs are installed, admission cannot resolve the kind of the owner references. Without a
  // retry, a service that is created right after the installation would stay without children.
  if (message.includes("cannot find RESTMapping")) return { kind: "Transient", cause: thrown };
  const reason = unauthorized.test(message) ? "Forbidden" : "ChildRejected";
  return { kind: "Stalled", reason, message: `the API server rejects ${child}: ${message}` };
}
