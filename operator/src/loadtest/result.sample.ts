/** A result of the load-test client, for tests: 98 of 100 requests accepted, 2 rejected. */
import { loadTestResultVersion, type MeasuredResult } from "@gpumedia/api";

export const sampleResult: MeasuredResult = {
  schema: loadTestResultVersion,
  verdict: "Passed",
  reasons: [],
  scenario: "baseline",
  target: "http://upscaler.media/v1/process",
  load: {
    concurrency: 10,
    requests: 100,
    durationSeconds: null,
    ratePerSecond: null,
    warmupRequests: 0,
    timeoutSeconds: 10,
    picturesDigest: "sha256",
  },
  startedAt: "2026-01-01T00:00:00Z",
  elapsedSeconds: 2.5,
  endedBy: "requests",
  counts: { accepted: 98, rejected: 2, failed: 0, abandoned: 0 },
  figures: {
    requestsPerSecond: 39.2,
    errorPercent: 0,
    rejectedPercent: 2,
    latencyMs: { mean: 9.5, p50: 9, p90: 13, p95: 14.25, p99: 19, p999: 20, max: 20 },
  },
  thresholds: [],
  regression: null,
  warnings: [],
  failures: [],
  stages: {},
};
