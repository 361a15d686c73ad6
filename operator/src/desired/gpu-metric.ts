/** The metric of a pod's GPUs that autoscalers read, in percent. */
import type { ClusterFeatures, GpuMetric } from "./context.ts";

/** The series of the processors, and the metrics of the same names in custom.metrics.k8s.io. */
export const gpuMetricNames = {
  Utilization: "gpumedia_gpu_utilization_percent",
  Busy: "gpumedia_busy_percent",
} as const satisfies Record<GpuMetric, string>;

/** The metrics of live video that autoscalers read; likewise. */
export const liveMetricNames = {
  sessions: "gpumedia_live_sessions",
  dropped: "gpumedia_live_dropped_percent",
} as const;

/** Does custom.metrics.k8s.io serve the metric? */
export function isServed(metric: GpuMetric, features: ClusterFeatures): boolean {
  return metric === "Busy" ? features.busyPodMetric : features.gpuPodMetric;
}
