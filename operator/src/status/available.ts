import { isFalse, isTrue, type Verdict } from "./condition.ts";
import { replicaCounts, type Observation } from "./observation.ts";

export type AvailableReason = "ReplicasServe" | "NoReplicaServes" | "NoReplicaWanted";

/** Available: does at least one replica answer requests? */
export function available(observation: Pick<Observation, "deployment">): Verdict<AvailableReason> {
  const { desired, ready } = replicaCounts(observation);
  if (ready > 0) return isTrue("ReplicasServe", `${ready} of ${desired} replicas serve`);
  if (desired === 0) return isFalse("NoReplicaWanted", "no replica is wanted");
  return isFalse("NoReplicaServes", `none of ${desired} replicas serves`);
}
