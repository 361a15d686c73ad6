/** What the conditions of a service are read from, after a pass over it. */
import type { EffectiveService } from "../effective/service.ts";
import type { ChildRole } from "../observe/child-kinds.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { Failure } from "../plan/failure.ts";
import type { RolloutDecision } from "../plan/rollout.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import type { GpuView } from "../plan/gpus.ts";

export interface StatusInput {
  readonly service: EffectiveService;
  /** How pods are replaced; undefined while suspended or queued, when it stays as it was. */
  readonly rollout: RolloutDecision | undefined;
  /** What kept the pass from its end, the worst of it. */
  readonly failure: Failure | undefined;
  /** Children that are not created because the cluster does not serve their API. */
  readonly skipped: ReadonlySet<ChildRole>;
  /** The ConfigMap for the DCGM exporters is somebody else's. */
  readonly dcgmTaken: boolean;
  readonly deployment: ChildView | undefined;
  /** The HorizontalPodAutoscaler or ScaledObject. */
  readonly autoscaler: ChildView | undefined;
  readonly verticalAutoscaler: ChildView | undefined;
  readonly pods: readonly PodView[];
  readonly gpus: GpuView;
  /** Of this service, the one that ended last. */
  readonly lastLoadTest: LastLoadTest | undefined;
  /** What the pods report of themselves. */
  readonly reading: UtilizationReading;
}

/** The load test of a service that finished last. */
export interface LastLoadTest {
  readonly name: string;
  readonly passed: boolean;
  /** The message of its condition. */
  readonly message: string;
}

export interface ReplicaCounts {
  readonly desired: number;
  readonly ready: number;
  readonly updated: number;
}

export function replicaCounts({ deployment }: Pick<StatusInput, "deployment">): ReplicaCounts {
  const { readyReplicas = 0, updatedReplicas = 0 } = deployment?.status ?? {};
  return { desired: deployment?.spec.replicas ?? 0, ready: readyReplicas, updated: updatedReplicas };
}

/**
 * How many replicas must serve for the service to be Ready: all of them, but of an autoscaled one only the least. Else
 * each scale-out would make a service that serves unready for as long as a GPU is waited for.
 */
export function neededReplicas({ service, deployment }: Pick<StatusInput, "service" | "deployment">): number {
  const desired = deployment?.spec.replicas ?? 0;
  const { enabled, minReplicas } = service.autoscaling.horizontal;
  return enabled ? Math.min(desired, minReplicas) : desired;
}
