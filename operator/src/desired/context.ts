/** What a service's children depend on beside the service itself. Complete: nothing below here looks anything up. */

export interface ChildContext {
  /** Where the operator runs: it reads the pods' utilization, so network policies let it in. */
  readonly operatorNamespace: string;
  /** The page of the alerts' runbooks; an alert's section is its anchor. */
  readonly runbookUrl: string;
  /** How pods are replaced, where the spec says Auto: decided from the free GPUs when the template changes. */
  readonly rollout: Rollout;
  readonly features: ClusterFeatures;
}

/**
 * - Surge: a quarter more pods at first, which needs free GPUs.
 * - InPlace: one pod ends before the next one starts.
 * - Recreate: all end before the first one starts.
 */
export type Rollout = "Surge" | "InPlace" | "Recreate";

export interface ClusterFeatures {
  /** custom.metrics.k8s.io answers for the pods' GPU utilization: the autoscaler can use it. */
  readonly gpuPodMetric: boolean;
  /** The VerticalPodAutoscaler's schema knows `InPlaceOrRecreate`. */
  readonly inPlaceVpa: boolean;
  /** metrics.k8s.io is served: the autoscaler can read CPU utilization. For the status; no child depends on it. */
  readonly resourceMetrics: boolean;
}
