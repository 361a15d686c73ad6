/** The metric of a pod's GPUs that autoscalers read, in percent. */
import type { ClusterFeatures, GpuMetric } from "./context.ts";

/** The series of the processors, and the metrics of the same names in custom.metrics.k8s.io. */
export const gpuMetricNames = {
  Utilization: "gpumedia_gpu_utilization_percent",
  Busy: "gpumedia_busy_percent",
} as const satisfies Record<GpuMetric, string>;

/** Does custom.metrics.k8s.io serve the metric? */
export function isServed(metric: GpuMetric, features: ClusterFeatures): boolean {
  return metric === "Busy" ? features.busyPodMetric : features.gpuPodMetric;
}
