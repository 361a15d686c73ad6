/**
 * Which pods are to survive a scale-in: those with sessions, the more of them the rather. A ReplicaSet deletes the pods
 * that cost least, so the cost has to be there before the replicas become fewer.
 *
 * @see docs/adr/0011-deletion-costs-only-before-a-scale-in.md
 */

/** What tells that there will be fewer replicas soon. */
export interface ScaleInSigns {
  /** As the Deployment has them. */
  readonly replicas: number;
  /** As we are about to set them; undefined while an autoscaler does, or nobody. */
  readonly heldReplicas: number | undefined;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** What the autoscaler aims at; 0: it does not look at GPUs. */
  readonly gpuTargetPercent: number;
  /** Null: not known. */
  readonly gpuPercent: number | null;
  /** The autoscaler would scale in, but for a higher recommendation in its stabilization window. */
  readonly stabilized: boolean;
}

/** An autoscaler does nothing within a tenth of its target (`--horizontal-pod-autoscaler-tolerance`). */
const tolerance = 0.1;

/** An autoscaler acts in the very moment in which its status says so: this has to be known before. */
export function scaleInNear(signs: ScaleInSigns): boolean {
  const { replicas, heldReplicas, minReplicas, maxReplicas, gpuTargetPercent, gpuPercent, stabilized } = signs;
  if (heldReplicas !== undefined) return heldReplicas < replicas;
  if (replicas > maxReplicas) return true;
  if (replicas <= minReplicas) return false;
  if (stabilized) return true;
  if (gpuPercent === null || gpuTargetPercent === 0) return false;
  // It takes the largest of what its metrics ask for: where the GPUs are as busy as they should be, no other scales in.
  const ratio = gpuPercent / gpuTargetPercent;
  return ratio < 1 - tolerance && Math.ceil(replicas * ratio) < replicas;
}

export interface CountedPod {
  readonly name: string;
  readonly uid: string;
  /** Undefined: it has not said lately. */
  readonly sessions: number | undefined;
  readonly deletionCost: { readonly value: string; readonly ours: boolean } | undefined;
}

export interface CostChange {
  readonly name: string;
  readonly uid: string;
  /** Undefined: ours is taken away. */
  readonly cost: string | undefined;
}

/** Nothing for pods that have the cost of somebody else, and for those whose cost is right. */
export function costChanges(near: boolean, pods: readonly CountedPod[]): readonly CostChange[] {
  return pods.flatMap(({ name, uid, sessions, deletionCost }) => {
    if (deletionCost?.ours === false) return [];
    if (near && sessions === undefined) return [];
    const cost = near ? costOf(sessions ?? 0) : undefined;
    return cost === deletionCost?.value ? [] : [{ name, uid, cost }];
  });
}

/** 1 from one session on, 2 from four, 3 from sixteen: each step is a write, and one session more or less is none. */
function costOf(sessions: number): string | undefined {
  return sessions < 1 ? undefined : String(1 + Math.floor(Math.log(sessions) / Math.log(4)));
}
