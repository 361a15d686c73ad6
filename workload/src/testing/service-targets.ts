import type { ServiceTargets } from "@gpumedia/api";

/** As the operator writes them for a service with a GPU. */
export const sampleTargets: ServiceTargets = {
  service: "upscaler",
  rules: "gpumedia-system/gpumedia-services",
  alerts: true,
  gpuMetrics: true,
  latencyP95Seconds: 0.02,
  memoryBytes: 4 * 2 ** 30,
  gpuUtilizationPercent: { min: 60, max: 80 },
};
