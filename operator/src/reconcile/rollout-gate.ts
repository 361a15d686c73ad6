/**
 * Lets only so many services at a time replace their pods for a reason that is not their own: a profile was edited, or
 * the operator has another default image. Without it one bad edit would take a whole fleet down; with it the first few
 * services get stuck and the others go on serving.
 */
import { childKinds } from "../observe/child-kinds.ts";
import { objectKey, type ObjectKey } from "../kube/object.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { StoredService, ClusterCache } from "../observe/cluster-cache.ts";
import type { Failure } from "../plan/failure.ts";
import type { RolloutDecision } from "../plan/rollout.ts";

const checkMs = 5_000;

export class RolloutGate {
  readonly #cache: ClusterCache;
  readonly #limit: number;
  /** Let through, and not yet to be seen as a rollout in the Deployment's status. */
  readonly #entering = new Set<ObjectKey>();

  constructor(cache: ClusterCache, limit: number) {
    this.#cache = cache;
    this.#limit = limit;
  }

  /** Undefined lets the service through, until `left`. */
  enter(service: StoredService, rollout: RolloutDecision | undefined): Failure | undefined {
    const key = objectKey(service);
    if (rollout === undefined || !isImposed(service, rollout)) return undefined;
    const others = this.#rolling();
    others.delete(key);
    if (others.size < this.#limit) {
      this.#entering.add(key);
      return undefined;
    }
    const names = [...others].toSorted().slice(0, 3).join(", ");
    const message = `its profile has changed: it waits for the rollouts of ${others.size} other services (${names}${others.size > 3 ? ", …" : ""})`;
    return { kind: "Waiting", reason: "RolloutQueued", afterMs: checkMs, message };
  }

  left(service: ObjectKey): void {
    this.#entering.delete(service);
  }

  #rolling(): Set<ObjectKey> {
    const rolling = new Set(this.#entering);
    for (const deployment of this.#cache.children(childKinds.deployment).values()) {
      if (!isRolling(deployment)) continue;
      for (const service of deployment.services) rolling.add(service);
    }
    return rolling;
  }
}

/** Would running pods be replaced although nobody has edited the service? One that serves nobody has nothing to lose. */
function isImposed({ metadata, status }: StoredService, { templateHash }: RolloutDecision): boolean {
  const before = status?.rollout?.templateHash;
  const edited = metadata.generation !== status?.observedGeneration;
  const serving = status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") === true;
  return before !== undefined && before !== templateHash && !edited && serving;
}

function isRolling({ revision, generation, status }: ChildView): boolean {
  // Until its controller has looked at the change, the revision is that of before: it says nothing of what will come.
  if (generation > 1 && (status.observedGeneration ?? 0) < generation) return true;
  // The first rollout of a Deployment replaces nothing.
  if (revision <= 1) return false;
  const progressing = status.conditions?.find(({ type }) => type === "Progressing");
  return progressing !== undefined && progressing.reason !== "NewReplicaSetAvailable";
}
