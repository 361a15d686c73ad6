/** What the status of a service is computed from. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { ChildRole } from "../observe/child-kinds.ts";
import type { ChildView, ContainerRecommendation } from "../observe/child-view.ts";
import type { GatewayView } from "../observe/gateway-view.ts";
import type { IngressClassView } from "../observe/ingress-class-view.ts";
import { containerName } from "../observe/names.ts";
import type { PrometheusView } from "../observe/prometheus-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { Failure } from "../plan/failure.ts";
import type { QuotaHeadroom } from "../plan/quota.ts";
import type { AllocationDecision } from "../plan/gpu-allocation.ts";
import type { RolloutDecision } from "../plan/rollout.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import type { GpuView } from "../plan/gpus.ts";

export interface StatusInput {
  readonly service: EffectiveService;
  /** How pods are replaced; undefined while the service is suspended or queued, and the last decision stands. */
  readonly rollout: RolloutDecision | undefined;
  /** How the pods get their GPUs; undefined while the service is suspended, and without GPUs. */
  readonly allocation: AllocationDecision | undefined;
  /** The most severe failure of this reconcile. */
  readonly failure: Failure | undefined;
  /** What admission has changed in the children; undefined: nothing. */
  readonly admission: GpuMediaServiceStatus["admission"];
  /** What was left out of the children because this cluster's CRDs lack it; undefined: nothing. */
  readonly omittedFields: GpuMediaServiceStatus["omittedFields"];
  /** Kinds of children that were left out because their API is not served. */
  readonly skipped: ReadonlySet<ChildRole>;
  /** metrics.k8s.io is served: an HPA can read CPU utilization. */
  readonly resourceMetrics: boolean;
  /** Groups of APIs that are registered, and whose servers the API server does not reach. */
  readonly unreachableApis: ReadonlySet<string>;
  /** The ConfigMap for the DCGM exporters is not managed by this operator. */
  readonly dcgmTaken: boolean;
  readonly sharedRules: SharedRules;
  readonly deployment: ChildView | undefined;
  /** The HorizontalPodAutoscaler or ScaledObject. */
  readonly autoscaler: ChildView | undefined;
  /** The HorizontalPodAutoscaler that KEDA has created from the ScaledObject. */
  readonly kedaAutoscaler: ChildView | undefined;
  readonly verticalAutoscaler: ChildView | undefined;
  readonly ingress: ChildView | undefined;
  readonly httpRoute: ChildView | undefined;
  /** The Service for clients of live video. */
  readonly liveService: ChildView | undefined;
  /** Of live video. */
  readonly udpRoute: ChildView | undefined;
  /** Undefined while the Gateways are not known. */
  readonly gateways: ReadonlyMap<ObjectKey, GatewayView> | undefined;
  /** By name; undefined while the IngressClasses are not known. */
  readonly ingressClasses: ReadonlyMap<string, IngressClassView> | undefined;
  /** Undefined while the Prometheuses are not known. */
  readonly prometheuses: readonly PrometheusView[] | undefined;
  readonly pods: readonly PodView[];
  readonly gpus: GpuView;
  /** How many more ResourceClaims of its pods the quotas admit; undefined: they do not limit them. */
  readonly claimQuota: QuotaHeadroom | undefined;
  /** The ResourceClaimTemplate that the service should have; undefined: its pods use no claim. */
  readonly claimTemplate: string | undefined;
  /** The one that finished last. */
  readonly lastLoadTest: LastLoadTest | undefined;
  /** The utilization that the pods report. */
  readonly reading: UtilizationReading;
}

/** The PrometheusRule with the alerts of the service. */
export interface SharedRules {
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Why it does not apply to the service, one line. */
  readonly problem?: { readonly reason: string; readonly message: string };
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
 * Returns how many replicas must be ready for the service to be Ready: all of them, or `minReplicas` of an autoscaled
 * service. Otherwise each scale-out that waits for a GPU would make a serving service unready.
 */
export function neededReplicas({ service, deployment }: Pick<StatusInput, "service" | "deployment">): number {
  const desired = deployment?.spec.replicas ?? 0;
  const { enabled, minReplicas } = service.autoscaling.horizontal;
  return enabled ? Math.min(desired, minReplicas) : desired;
}

/** What the VerticalPodAutoscaler recommends for the processor; a pod may have sidecars, too. */
export function processorRecommendation(
  verticalAutoscaler: StatusInput["verticalAutoscaler"],
): ContainerRecommendation | undefined {
  const { containerRecommendations = [] } = verticalAutoscaler?.status.recommendation ?? {};
  return containerRecommendations.find((one) => one.containerName === containerName);
}
