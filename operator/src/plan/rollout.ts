/** How pods are replaced when their template changes. */
import type { Rollout } from "../desired/context.ts";

/** As `status.rollout` keeps it, so that a rollout goes on as it began. */
export interface RolloutDecision {
  readonly strategy: Rollout;
  /** Why. */
  readonly message: string;
  /** The pod template that it was decided for. */
  readonly templateHash: string;
}

export interface RolloutQuestion {
  readonly wanted: Rollout | "Auto";
  readonly templateHash: string;
  readonly before: Partial<RolloutDecision> | undefined;
  readonly replicas: number;
  readonly gpusPerReplica: number;
  /** How many more replicas the free GPUs are enough for. */
  readonly roomFor: number;
}

/** A quarter of the replicas, rounded up as the Deployment's controller does. */
function surge(replicas: number): number {
  return Math.ceil(replicas / 4);
}

/** A surge pod that never gets a GPU holds a rollout up for ever; so `Auto` surges only where there is room. */
export function decideRollout(question: RolloutQuestion): RolloutDecision {
  const { wanted, templateHash, before, replicas, gpusPerReplica, roomFor } = question;
  if (wanted !== "Auto") return { strategy: wanted, message: "as rollout.strategy says", templateHash };
  if (before?.templateHash === templateHash && before.strategy !== undefined) {
    return { strategy: before.strategy, message: before.message ?? "", templateHash };
  }
  if (gpusPerReplica === 0) return { strategy: "Surge", message: "needs no GPU", templateHash };
  if (replicas === 0) return { strategy: "Surge", message: "there is no pod to replace", templateHash };
  const more = surge(replicas);
  if (roomFor >= more) return { strategy: "Surge", message: `there was room for ${more} more`, templateHash };
  const message = `there was room for ${roomFor} of ${more} more: one pod ends before the next begins`;
  return { strategy: "InPlace", message, templateHash };
}
