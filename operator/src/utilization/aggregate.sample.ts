/** The aggregate of two healthy pods, for tests. */
import type { Aggregate } from "./aggregate.ts";

export const healthy: Aggregate = {
  pods: 2,
  gpuPercent: 72,
  gpuMemoryPercent: 40,
  fullestGpuPercent: 45,
  cpuPercent: 40,
  rssBytes: 2 * 1024 ** 3,
  requestsPerSecond: 800,
  latencyP50Ms: 9,
  latencyP95Ms: 14,
  queueDepth: 4,
  queueFillPercent: 1,
  activeSessions: 20,
  accepted: 12_000,
  refusedPercent: 0,
  workersBusyPercent: 60,
  live: null,
  stagesMs: { queue: 1, decode: 2, inference: 4, encode: 2 },
};
