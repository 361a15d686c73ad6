/** Decides how pods are replaced when their template changes. Pure. */
import type { Rollout } from "../desired/context.ts";

/** Kept in `status.rollout`, so that a rollout continues as it began. */
export interface RolloutDecision {
  readonly strategy: Rollout;
  /** The reason, for people. */
  readonly message: string;
  /** Identifies the pod template of the decision. */
  readonly templateHash: string;
}

export interface RolloutInput {
  /** `rollout.strategy` of the service. */
  readonly strategy: Rollout | "Auto";
  readonly templateHash: string;
  readonly before: Partial<RolloutDecision> | undefined;
  readonly replicas: number;
  readonly gpusPerReplica: number;
  /** How many more replicas fit on the free GPUs. */
  readonly spareReplicas: number;
}

/** A quarter of the replicas, rounded up as the Deployment controller does. */
function surge(replicas: number): number {
  return Math.ceil(replicas / 4);
}

/** A surge pod that never gets a GPU blocks the rollout, so `Auto` surges only where enough GPUs are free. */
export function decideRollout(input: RolloutInput): RolloutDecision {
  const { strategy, templateHash, before, replicas, gpusPerReplica, spareReplicas } = input;
  if (strategy !== "Auto") return { strategy, message: "set by rollout.strategy", templateHash };
  if (before?.templateHash === templateHash && before.strategy !== undefined) {
    return { strategy: before.strategy, message: before.message ?? "", templateHash };
  }
  if (gpusPerReplica === 0) return { strategy: "Surge", message: "the pods need no GPU", templateHash };
  if (replicas === 0) return { strategy: "Surge", message: "there are no pods to replace", templateHash };
  const more = surge(replicas);
  if (spareReplicas >= more)
    return {
      strategy: "Surge",
      message: `GPUs for ${more} more ${more === 1 ? "replica" : "replicas"} were free`,
      templateHash,
    };
  const message = `GPUs for ${spareReplicas} of ${more} more replicas were free: each pod is deleted before its replacement is created`;
  return { strategy: "InPlace", message, templateHash };
}
