/** A processor's report for tests: busy, healthy, one GPU. */
import type { UtilizationReport } from "@gpumedia/api";

export const sampleReport: UtilizationReport = {
  version: "v1",
  windowSeconds: 15,
  accelerator: "cuda",
  model: "anime4k-2x",
  ready: true,
  gpus: {
    state: "available",
    reason: null,
    devices: [
      {
        index: 0,
        uuid: "GPU-0",
        name: "NVIDIA A10",
        migIndex: null,
        unavailable: null,
        utilizationPercent: 72,
        memoryUtilizationPercent: 30,
        encoderPercent: 0,
        decoderPercent: 0,
        memoryUsedBytes: 6e9,
        memoryTotalBytes: 24e9,
        temperatureCelsius: 61,
        powerWatts: 140,
        powerLimitWatts: 150,
        throttleReasons: [],
      },
    ],
  },
  process: { cpuPercent: 160, cpuLimitCores: 4, rssBytes: 1.5e9, uptimeSeconds: 600 },
  requests: {
    active: 4,
    queued: 2,
    queueLimit: 256,
    accepted: 600,
    rejected: 0,
    failed: 0,
    invalid: 1,
    perSecond: 40,
    latencyMs: { p50: 9, p95: 14, p99: 19 },
    batchSize: { mean: 2, max: 4 },
  },
  stages: {
    queue: { mean: 1, p95: 2 },
    decode: { mean: 2, p95: 3 },
    inference: { mean: 4, p95: 6 },
    encode: { mean: 2, p95: 3 },
  },
  workers: { total: 4, ready: 4, busyPercent: 60, restarts: 0 },
  sessions: 3,
};
