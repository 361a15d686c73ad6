import { isFalse, isTrue, type Verdict } from "./condition.ts";
import { replicaCounts, type StatusInput } from "./status-input.ts";

export type AvailableReason = "ReplicasServe" | "NoReplicaServes" | "NoReplicaWanted";

/** Available: does at least one replica answer requests? */
export function available(input: Pick<StatusInput, "deployment">): Verdict<AvailableReason> {
  // Nobody said that none is wanted: the Deployment is still to be made, or could not be.
  if (input.deployment === undefined) return isFalse("NoReplicaServes", "the Deployment is not there yet");
  const { desired, ready } = replicaCounts(input);
  if (ready > 0) return isTrue("ReplicasServe", `${ready} of ${desired} replicas serve`);
  if (desired === 0) return isFalse("NoReplicaWanted", "no replica is wanted");
  return isFalse("NoReplicaServes", `none of ${desired} replicas serves`);
}
