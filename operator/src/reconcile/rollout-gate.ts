/**
 * Limits how many services replace their pods at a time for a change that is not in their own spec: an edited profile,
 * or another default image of the operator. Without it one bad edit would take down all services; with it the first
 * few get stuck and the others keep serving.
 *
 *   waiting ──fewer than `maxRollouts` others──▶ entering ──its writes are in the cache──▶ rolling ──▶ done
 */
import type { StoredService } from "../observe/cluster-cache.ts";
import type { Failure } from "../plan/failure.ts";
import type { RolloutDecision } from "../plan/rollout.ts";
import type { Memory, ServiceMemory } from "./memory.ts";
import type { Snapshot } from "./snapshot.ts";

const checkMs = 5_000;

/**
 * Lets the service through by returning undefined: it counts as entering until `leaveGate`. There must be no await
 * between the snapshot and this call, or two services could pass on the same count.
 */
export function enterGate(
  { key, stored, rolling }: Pick<Snapshot, "key" | "stored" | "rolling">,
  rollout: RolloutDecision | undefined,
  memory: Memory,
  maxRollouts: number,
): Failure | undefined {
  if (rollout === undefined || !isImposed(stored, rollout)) return undefined;
  const others = new Set([...rolling, ...memory.enteringRollouts()]);
  others.delete(key);
  if (others.size < maxRollouts) {
    memory.of(key, stored.metadata.uid).isEnteringRollout = true;
    return undefined;
  }
  const names = [...others].toSorted().slice(0, 3).join(", ");
  const message = `its profile has changed; waiting for the rollouts of ${others.size} other services (${names}${others.size > 3 ? ", …" : ""})`;
  return { kind: "Waiting", reason: "RolloutQueued", afterMs: checkMs, message };
}

export function leaveGate(record: ServiceMemory): void {
  record.isEnteringRollout = false;
}

/** Would serving pods be replaced although the service's spec has not changed? */
function isImposed({ metadata, status }: StoredService, { templateHash }: RolloutDecision): boolean {
  const before = status?.rollout?.templateHash;
  const edited = metadata.generation !== status?.observedGeneration;
  const serving = status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") === true;
  return before !== undefined && before !== templateHash && !edited && serving;
}
