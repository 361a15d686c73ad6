import { isFalse, isTrue, type Verdict } from "./condition.ts";
import type { AvailableReason } from "./reasons.ts";
import { replicaCounts, type StatusInput } from "./status-input.ts";

/** Available: is at least one replica ready? */
export function available(input: Pick<StatusInput, "deployment">): Verdict<AvailableReason> {
  // Without a Deployment the service is not scaled to 0: the Deployment is pending, or could not be created.
  if (input.deployment === undefined) return isFalse("NoReplicaServes", "the Deployment has not been created yet");
  const { desired, ready } = replicaCounts(input);
  const counts = `${ready} of ${desired} replicas are ready`;
  if (ready > 0) return isTrue("ReplicasServe", counts);
  return desired === 0 ? isFalse("NoReplicaWanted", "scaled to 0 replicas") : isFalse("NoReplicaServes", counts);
}
