/**
 * What the operator remembers of each service between two reconciles: one record per service, and one `forget`. A
 * restart may lose it: it limits writes and rollouts, and finds children that lose their label while they are switched off.
 */
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import type { Admitted } from "../kube/ownership.ts";
import { objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Admissions } from "./admissions.ts";
import { TokenBuckets } from "../runtime/events-limit.ts";

/** Times are in ms on the monotonic clock; undefined: not since this process started. */
export class ServiceMemory {
  /** A service that was deleted and created again does not inherit the record of its predecessor. */
  readonly uid: string;
  /** As it was last valid. Its children still run while a new spec is invalid. */
  service: EffectiveService | undefined;
  /** It has passed the rollout gate, and its Deployment does not show the rollout yet. */
  isEnteringRollout = false;
  /**
   * Digest of each child's manifest when it was last as desired, by `childText`. What is written while that stays the same is a
   * repair.
   */
  readonly settled = new Map<string, string>();
  /** The children that may exist, by `childText`: each was live after it was last planned, or its action failed. */
  readonly liveChildren = new Set<string>();
  /** Digest of the lost GPUs in the last status; undefined: not since the reports of all pods were known. */
  reportedLost: string | undefined;
  /** What admission changes in the children; undefined until it was read from the status. */
  admissions: Admissions | undefined;
  /** Since when all pods that report have exported their targets. */
  exportsTargetsSince: number | undefined;
  statusWrittenAt: number | undefined;
  /** When the utilization figures in the status were last written. */
  figuresWrittenAt: number | undefined;
  /** When there was last a sign that replicas will be removed. */
  scaleInNearAt: number | undefined;
  /** When the deletion cost of a pod was last written, by the pod's UID. */
  readonly costWrittenAt = new Map<string, number>();
  /** When a pod last had a reason not to be disrupted by Karpenter, by the pod's UID. */
  readonly disruptionNeededAt = new Map<string, number>();
  /** Repairs by the child's UID. A person who edits by hand stays below this rate; another controller does not. */
  readonly repairs = new TokenBuckets({ burst: 20, refillMs: 6_000 });

  constructor(uid: string) {
    this.uid = uid;
  }
}

export interface MemoryOptions {
  readonly clock: Pick<Clock, "now">;
  /** Called when what services share may have changed: the DCGM metrics, rules and dashboards. */
  readonly onSharedChange: () => void;
}

export class Memory {
  /** When this process began to remember, in ms on the monotonic clock. */
  readonly startedAt: number;
  /** What admission has made of the ConfigMap for the DCGM exporters. */
  dcgmAdmitted: Admitted | undefined;
  /** What admission has made of the shared rules and dashboards. */
  readonly sharedAdmitted = new Map<ObjectKey, Admitted>();
  /** Why a shared PrometheusRule or dashboard does not exist or is outdated. */
  sharedProblems: ReadonlyMap<ObjectKey, string> = new Map();
  readonly #onSharedChange: () => void;
  readonly #records = new Map<ObjectKey, ServiceMemory>();

  constructor({ clock, onSharedChange }: MemoryOptions) {
    this.startedAt = clock.now();
    this.#onSharedChange = onSharedChange;
  }

  get size(): number {
    return this.#records.size;
  }

  keys(): IterableIterator<ObjectKey> {
    return this.#records.keys();
  }

  /** Undefined until the service has been reconciled. */
  find(key: ObjectKey): ServiceMemory | undefined {
    return this.#records.get(key);
  }

  /** The record of the service with this UID, new if there is none. */
  of(key: ObjectKey, uid: string): ServiceMemory {
    const known = this.#records.get(key);
    if (known?.uid === uid) return known;
    const record = new ServiceMemory(uid);
    this.#records.set(key, record);
    // Its request may be the last one that was missing.
    this.#onSharedChange();
    return record;
  }

  /** Keeps the service as it is now. */
  keep(record: ServiceMemory, service: EffectiveService): void {
    const changed = sharedRequest(record.service) !== sharedRequest(service);
    record.service = service;
    if (changed) this.#onSharedChange();
  }

  /** A service has found that an object that it shares with others does not exist. A known problem has its own retries. */
  requestShared(): void {
    if (this.sharedProblems.size === 0) this.#onSharedChange();
  }

  forget(key: ObjectKey): void {
    if (this.#records.delete(key)) this.#onSharedChange();
  }

  /** Has every service been reconciled that is not being deleted? Before, what all of them share is not known. */
  isComplete(services: Iterable<KubeObject>): boolean {
    return [...services].every(
      (service) => service.metadata.deletionTimestamp !== undefined || this.#records.has(objectKey(service)),
    );
  }

  /** Has a service not been valid since this process started? Its children run, and use what it shared before. */
  get hasUnknown(): boolean {
    return [...this.#records.values()].some(({ service }) => service === undefined);
  }

  /** The services that have been valid. */
  services(): readonly EffectiveService[] {
    return [...this.#records.values()].map(({ service }) => service).filter((service) => service !== undefined);
  }

  enteringRollouts(): readonly ObjectKey[] {
    return [...this.#records].filter(([, { isEnteringRollout }]) => isEnteringRollout).map(([key]) => key);
  }
}

function sharedRequest(service: EffectiveService | undefined): string {
  return service === undefined ? "" : digest([service.gpu.count, service.monitoring]);
}
