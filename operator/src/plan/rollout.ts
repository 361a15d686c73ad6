/** Decides how pods are replaced when their template changes. Pure. */
import type { Rollout } from "../desired/context.ts";
import type { QuotaHeadroom } from "./quota.ts";

/** Kept in `status.rollout`, so that a rollout continues as it began. */
export interface RolloutDecision {
  readonly strategy: Rollout;
  /** The reason, for people. */
  readonly message: string;
  /** Identifies the pod template of the decision. */
  readonly templateHash: string;
  /** How many replicas have no room: as many are unavailable whatever the rollout does. Absent: none. */
  readonly waiting?: number;
}

export interface RolloutInput {
  /** `rollout.strategy` of the service. */
  readonly strategy: Rollout | "Auto";
  readonly templateHash: string;
  readonly before: Partial<RolloutDecision> | undefined;
  readonly replicas: number;
  readonly gpusPerReplica: number;
  /** How many more replicas fit on the free GPUs; undefined: the free GPUs are not known. */
  readonly spareReplicas: number | undefined;
  /** How many more replicas the namespace's quotas admit; undefined: they do not limit them. */
  readonly quota: QuotaHeadroom | undefined;
  /** How many replicas have no room. */
  readonly waiting: number;
  /** Why the additional pods of a surge got no room; undefined: they have, or may still get it. */
  readonly surgeFailure: string | undefined;
}

const oneByOne = "each pod is deleted before its replacement is created";

/** The scheduler's message grows with the nodes; the CRD allows 1,024 characters. */
const longestFailure = 800;

export function decideRollout(input: RolloutInput): RolloutDecision {
  const { templateHash, waiting } = input;
  return { ...decide(input), templateHash, ...(waiting === 0 ? {} : { waiting }) };
}

/** A quarter of the replicas, rounded up as the Deployment controller does. */
function surge(replicas: number): number {
  return Math.ceil(replicas / 4);
}

/** A surge pod that gets no room blocks the rollout, so `Auto` surges only where there is room. */
function decide(input: RolloutInput): Pick<RolloutDecision, "strategy" | "message"> {
  const { strategy, templateHash, before, replicas, gpusPerReplica, spareReplicas, quota, waiting, surgeFailure } =
    input;
  if (strategy !== "Auto") return { strategy, message: "set by rollout.strategy" };
  const kept = before?.templateHash === templateHash ? before : undefined;
  if (kept?.strategy !== "InPlace" && waiting > 0) {
    return { strategy: "InPlace", message: `there was no room for ${waiting} of ${replicas} replicas: ${oneByOne}` };
  }
  if (kept?.strategy === "Surge" && surgeFailure !== undefined) {
    const message = `switched from Surge after 1 minute: ${oneByOne}; ${surgeFailure.slice(0, longestFailure)}`;
    return { strategy: "InPlace", message };
  }
  if (kept?.strategy !== undefined) return { strategy: kept.strategy, message: kept.message ?? "" };
  const more = surge(replicas);
  if (quota !== undefined && quota.replicas < more) {
    const message = `quota ${quota.quota} had ${quota.resource} for ${quota.replicas} of ${more} more replicas: ${oneByOne}`;
    return { strategy: "InPlace", message };
  }
  if (gpusPerReplica === 0) return { strategy: "Surge", message: "the pods need no GPU" };
  if (replicas === 0) return { strategy: "Surge", message: "there are no pods to replace" };
  // An outage must not follow from a count that is missing; a surge that gets no room switches.
  if (spareReplicas === undefined) return { strategy: "Surge", message: "no node reports how many GPUs are free" };
  if (spareReplicas >= more) {
    return {
      strategy: "Surge",
      message: `GPUs for ${more} more ${more === 1 ? "replica" : "replicas"} were free`,
    };
  }
  return { strategy: "InPlace", message: `GPUs for ${spareReplicas} of ${more} more replicas were free: ${oneByOne}` };
}
