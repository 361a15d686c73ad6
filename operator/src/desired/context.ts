/** What a service's children depend on besides the service. Complete: rendering reads nothing else. */
import type { GpuRequest } from "../effective/gpu-request.ts";
import type { ChildRole } from "../observe/child-kinds.ts";
import type { Fields } from "./known-fields.ts";

export interface ChildContext {
  /** The operator's namespace, which NetworkPolicies admit: it collects the pods' utilization. */
  readonly operatorNamespace: string;
  /** The pods export the service's targets. Otherwise a PrometheusRule records them. */
  readonly exportsTargets: boolean;
  /** What each pod asks for. With an extended resource, it is in the service's resources. */
  readonly gpus: GpuRequest;
  /** How pods are replaced with strategy Auto: decided from the free GPUs when the template changes. */
  readonly rollout: Rollout;
  /** How many replicas have no room: a rollout that does not allow for them would never delete a serving pod. */
  readonly waitingReplicas: number;
  /** What the autoscaler compares with `gpuUtilizationPercent`. */
  readonly gpuMetric: GpuMetric;
  readonly features: ClusterFeatures;
  /** Where clients reach the service's live video. */
  readonly liveAddress: LiveAddress;
}

/** Empty while nothing is known, and without live video. */
export interface LiveAddress {
  /** IP addresses, the preferred one first. */
  readonly addresses: readonly string[];
  /** Absent: the port of the Service. */
  readonly port?: number;
}

/**
 * - Utilization: of the pod's GPUs.
 * - Busy: share of time in which the pod's workers were busy, for GPUs whose utilization is not the pod's own or unknown.
 */
export type GpuMetric = "Utilization" | "Busy";

/**
 * - Surge: starts up to a quarter more pods before old ones terminate, which needs free GPUs.
 * - InPlace: terminates one pod before the next one starts.
 * - Recreate: terminates all pods before the first new one starts.
 */
export type Rollout = "Surge" | "InPlace" | "Recreate";

export interface ClusterFeatures {
  /** custom.metrics.k8s.io serves the pods' GPU utilization: the autoscaler can use it. */
  readonly gpuPodMetric: boolean;
  /** It also serves the share of time in which the pods' workers were busy. */
  readonly busyPodMetric: boolean;
  /** It also serves the metrics of live video. */
  readonly livePodMetrics: boolean;
  /** The VerticalPodAutoscaler's schema has `InPlaceOrRecreate`. */
  readonly inPlaceVpa: boolean;
  /** The API server keeps `tolerance` in the behavior of an autoscaler. A service that sets it elsewhere is rejected. */
  readonly hpaTolerance: boolean;
  /** The API server keeps image volumes of pods. A service that has one elsewhere is rejected. */
  readonly imageVolumes: boolean;
  /** The cluster is OpenShift, which assigns users to pods. */
  readonly securityContextConstraints: boolean;
  /** Of the optional kinds. Absent: not served, or the schema could not be read; then all fields are sent. */
  readonly fields: Partial<Record<ChildRole, Fields>>;
  /** metrics.k8s.io is served: the autoscaler can read CPU utilization. For the status; no child depends on it. */
  readonly resourceMetrics: boolean;
}
