/** Before a scale-in, tells the ReplicaSets' controller which pods have sessions; afterwards takes it back. */
import { deletionCostAnnotation } from "../observe/names.ts";
import { heldReplicas } from "../desired/replicas.ts";
import type { EffectiveService } from "../effective/service.ts";
import type { ApiClient } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import type { ObjectKey } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import { podsOf } from "../observe/gather.ts";
import { podType, type ClusterCache } from "../observe/cluster-cache.ts";
import { costChanges, scaleInNear, type CostChange } from "../plan/deletion-cost.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import { isAsked, type UtilizationReading } from "../utilization/reading.ts";
import type { UtilizationWindow } from "../utilization/window.ts";

export interface DeletionCostsOptions {
  readonly client: Pick<ApiClient, "apply">;
  readonly cache: ClusterCache;
  readonly window: UtilizationWindow;
  /** Between two polls of a pod. */
  readonly intervalMs: number;
  readonly clock: Clock;
}

/** For so many polls a scale-in counts as near after its last sign, and a pod's cost stays as it was written. */
const settledPolls = 4;

export class DeletionCosts {
  readonly #options: DeletionCostsOptions;
  readonly #settledMs: number;
  /** When each service's scale-in was last near, on the monotonic clock. */
  readonly #nearAt = new Map<ObjectKey, number>();
  /** When each pod's cost was last written, by UID. */
  readonly #writtenAt = new Map<string, number>();

  constructor(options: DeletionCostsOptions) {
    this.#options = options;
    this.#settledMs = settledPolls * options.intervalMs;
  }

  /** What is to be written now. */
  due(
    key: ObjectKey,
    service: EffectiveService,
    { figures }: Pick<UtilizationReading, "figures">,
  ): readonly CostChange[] {
    const { cache, window, clock } = this.#options;
    if (service.suspend) return [];
    const now = clock.now();
    const near = this.#isNear(key, service, figures?.gpuPercent ?? null, now);
    const counted = podsOf(cache, key)
      .filter(isAsked)
      .map(({ name, uid, deletionCost }) => ({ name, uid, deletionCost, sessions: window.fresh(uid, now)?.sessions }));
    return costChanges(near, counted).filter(
      ({ uid }) => now - (this.#writtenAt.get(uid) ?? -Infinity) >= this.#settledMs,
    );
  }

  /** Never fails: a scale-in that ends a session too many is no reason to keep a service from its visit. */
  async write(key: ObjectKey, changes: readonly CostChange[], log: Logger): Promise<void> {
    const now = this.#options.clock.now();
    for (const [uid, at] of this.#writtenAt) if (now - at >= this.#settledMs) this.#writtenAt.delete(uid);
    for (const { uid } of changes) this.#writtenAt.set(uid, now);
    await Promise.all(changes.map((change) => this.#apply(key, change, log)));
  }

  gone(key: ObjectKey): void {
    this.#nearAt.delete(key);
  }

  #isNear(key: ObjectKey, service: EffectiveService, gpuPercent: number | null, now: number): boolean {
    const { cache } = this.#options;
    const { minReplicas, maxReplicas, gpuUtilizationPercent } = service.autoscaling.horizontal;
    const near = scaleInNear({
      replicas: cache.childOf("deployment", key)?.spec.replicas ?? 0,
      heldReplicas: heldReplicas(service),
      minReplicas,
      maxReplicas,
      gpuTargetPercent: gpuUtilizationPercent,
      gpuPercent,
      stabilized: this.#isStabilized(key),
    });
    if (near) this.#nearAt.set(key, now);
    // Signs come and go from one look of the autoscaler to the next: a cost that followed would be a write each time.
    return now - (this.#nearAt.get(key) ?? -Infinity) < this.#settledMs;
  }

  #isStabilized(key: ObjectKey): boolean {
    const { conditions = [] } = this.#options.cache.childOf("horizontalPodAutoscaler", key)?.status ?? {};
    return conditions.some(({ type, reason }) => type === "AbleToScale" && reason === "ScaleDownStabilized");
  }

  async #apply(key: ObjectKey, { name, uid, cost }: CostChange, log: Logger): Promise<void> {
    const { client, cache } = this.#options;
    const namespace = key.slice(0, key.indexOf("/"));
    // An apply that leaves out what only we own takes it away.
    const wanted = cost === undefined ? {} : { annotations: { [deletionCostAnnotation]: cost } };
    const manifest = { apiVersion: "v1", kind: "Pod", metadata: { name, namespace, uid, ...wanted } };
    try {
      // Without force: where somebody sets another cost meanwhile, it is his to decide.
      cache.pods.observeWrite(await client.apply(podType, manifest, { fieldManager, force: false }));
      log.debug({ pod: name, cost }, "told what it costs to delete the pod");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 404 || error.status === 409) return;
      log.warn({ error, pod: name }, "could not say what it costs to delete the pod: a scale-in may end its sessions");
    }
  }
}
