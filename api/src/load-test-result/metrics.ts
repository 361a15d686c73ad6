/** The metrics of a load-test result: where each is read, its unit, and which direction is better. Pure. */
import { formatMs, formatPercent, formatRate } from "../units/format.ts";
import type { LoadTestFigures, LoadTestMetric } from "./schema.ts";

export interface MetricDefinition {
  /** Null when the run has no such figure: no request was accepted. */
  readonly read: (figures: LoadTestFigures) => number | null;
  readonly unit: keyof typeof formats;
  readonly better: "lower" | "higher";
  /** Which percentile of the latencies it is, if it is one. */
  readonly percentile: number | null;
}

const formats = { ms: formatMs, percent: formatPercent, perSecond: formatRate };

export const loadTestMetrics: Readonly<Record<LoadTestMetric, MetricDefinition>> = {
  mean: latency("mean", null),
  p50: latency("p50", 50),
  p90: latency("p90", 90),
  p95: latency("p95", 95),
  p99: latency("p99", 99),
  "p99.9": latency("p999", 99.9),
  max: latency("max", null),
  errors: share("errorPercent"),
  rejected: share("rejectedPercent"),
  rps: { read: (figures) => figures.requestsPerSecond, unit: "perSecond", better: "higher", percentile: null },
};

/** rps must reach its limit, everything else must not exceed it; a missing figure meets no limit. */
export function meets(metric: LoadTestMetric, actual: number | null, limit: number): boolean {
  if (actual === null) return false;
  return loadTestMetrics[metric].better === "higher" ? actual >= limit : actual <= limit;
}

/** The figure with its unit. */
export function formatMetric(metric: LoadTestMetric, value: number | null): string {
  return value === null ? "none" : formats[loadTestMetrics[metric].unit](value);
}

function latency(key: keyof NonNullable<LoadTestFigures["latencyMs"]>, percentile: number | null): MetricDefinition {
  return { read: ({ latencyMs }) => latencyMs?.[key] ?? null, unit: "ms", better: "lower", percentile };
}

function share(key: "errorPercent" | "rejectedPercent"): MetricDefinition {
  return { read: (figures) => figures[key], unit: "percent", better: "lower", percentile: null };
}
