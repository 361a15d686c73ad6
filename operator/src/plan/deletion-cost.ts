/**
 * Decides which pods a scale-in should spare: those with open sessions. A ReplicaSet deletes pods with the lowest
 * deletion cost first, so the cost must be set before the number of replicas falls. Pure.
 *
 * @see docs/adr/0011-deletion-costs-only-before-a-scale-in.md
 */

/** Signs that the number of replicas will fall soon. */
export interface ScaleInSigns {
  /** Of the Deployment. */
  readonly replicas: number;
  /** About to be set by this operator; undefined while another field manager owns them. */
  readonly heldReplicas: number | undefined;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /**
   * What the autoscaler compares with its targets, as a share of the target: GPU utilization, and sessions of live video. Without
   * those that are unknown or that it does not scale on.
   */
  readonly loads: readonly number[];
  /** Only a higher recommendation in its stabilization window keeps the autoscaler from scaling in. */
  readonly stabilized: boolean;
}

/** An autoscaler does not act within a tenth of its target (`--horizontal-pod-autoscaler-tolerance`). */
const tolerance = 0.1;

/** Decides before the autoscaler does: once its status shows the scale-in, pods are already being deleted. */
export function scaleInNear(signs: ScaleInSigns): boolean {
  const { replicas, heldReplicas, minReplicas, maxReplicas, loads, stabilized } = signs;
  if (heldReplicas !== undefined) return heldReplicas < replicas;
  if (replicas > maxReplicas) return true;
  if (replicas <= minReplicas) return false;
  if (stabilized) return true;
  if (loads.length === 0) return false;
  // The autoscaler uses the metric that needs the most replicas: while one is at its target, no other metric scales in.
  const ratio = Math.max(...loads);
  return ratio < 1 - tolerance && Math.ceil(replicas * ratio) < replicas;
}

export interface CountedPod {
  readonly name: string;
  readonly uid: string;
  /** Undefined: not reported lately. */
  readonly sessions: number | undefined;
  readonly deletionCost: { readonly value: string; readonly ours: boolean } | undefined;
}

export interface CostChange {
  readonly name: string;
  readonly uid: string;
  /** Undefined: the operator's cost is removed. */
  readonly cost: string | undefined;
}

/** Leaves out pods whose cost another field manager has set, and those whose cost is right. */
export function costChanges(near: boolean, pods: readonly CountedPod[]): readonly CostChange[] {
  return pods.flatMap(({ name, uid, sessions, deletionCost }) => {
    if (deletionCost?.ours === false) return [];
    if (near && sessions === undefined) return [];
    const cost = near ? costOf(sessions ?? 0) : undefined;
    return cost === deletionCost?.value ? [] : [{ name, uid, cost }];
  });
}

/** 1 from one session, 2 from four, 3 from sixteen: each step is a write, so one session more or less must not be a step. */
function costOf(sessions: number): string | undefined {
  return sessions < 1 ? undefined : String(1 + Math.floor(Math.log(sessions) / Math.log(4)));
}
