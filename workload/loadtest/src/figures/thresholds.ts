/** What a run has to reach: limits on the command line and the verdict on each. Pure. */
import type { LatencyFigures } from "./histogram.ts";
import { formatMs, formatPercent, parseDuration, parsePercent, parseRate, significant } from "../quantities.ts";

/** The figures of a run that thresholds and comparisons look at. */
export interface Figures {
  /** Accepted answers per second, from the start to the last end. */
  readonly requestsPerSecond: number;
  /** Share of failed requests among all that came to an end. */
  readonly errorPercent: number;
  readonly rejectedPercent: number;
  /** From the intended send time; null when no answer was accepted. */
  readonly latencyMs: LatencyFigures | null;
}

interface MetricKind {
  readonly read: (figures: Figures) => number | null;
  readonly parse: (text: string) => number | undefined;
  readonly expects: string;
  readonly format: (value: number) => string;
  readonly better: "lower" | "higher";
  /** Which percentile of the answers it is, if it is one. */
  readonly percentile: number | null;
}

const metrics = {
  mean: latency("mean", null),
  p50: latency("p50", 50),
  p90: latency("p90", 90),
  p95: latency("p95", 95),
  p99: latency("p99", 99),
  "p99.9": latency("p999", 99.9),
  max: latency("max", null),
  errors: share((figures) => figures.errorPercent),
  rejected: share((figures) => figures.rejectedPercent),
  rps: {
    read: (figures) => figures.requestsPerSecond,
    parse: parseRate,
    expects: "a number of answers per second such as 1000",
    format: (value) => `${significant(value)}/s`,
    better: "higher",
    percentile: null,
  },
} as const satisfies Readonly<Record<string, MetricKind>>;

export type Metric = keyof typeof metrics;

export interface Threshold {
  readonly metric: Metric;
  /** Milliseconds for latencies, per cent for shares, accepted answers per second for rps. */
  readonly limit: number;
}

export interface ThresholdVerdict extends Threshold {
  /** Null when the run has no such figure: no answer was accepted. */
  readonly actual: number | null;
  readonly met: boolean;
}

/** `p95=20ms`, `errors=0.1%`, `rejected=5%`, `rps=1000`; otherwise a line that says what is wrong. */
export function parseThreshold(text: string): Threshold | { readonly wrong: string } {
  const [metric = "", quantity = ""] = text.split("=", 2);
  if (!isMetric(metric)) return { wrong: `Known metrics are ${Object.keys(metrics).join(" ")}.` };
  const { parse, expects } = metrics[metric];
  const limit = parse(quantity);
  return limit === undefined ? { wrong: `${metric} needs ${expects}.` } : { metric, limit };
}

/**
 * The thresholds in force: a run without a limit on errors allows none, because a server that answers everything wrong is
 * fast.
 */
export function inForce(thresholds: readonly Threshold[]): readonly Threshold[] {
  if (thresholds.some(({ metric }) => metric === "errors")) return thresholds;
  return [...thresholds, { metric: "errors", limit: 0 }];
}

export function judgeThreshold({ metric, limit }: Threshold, figures: Figures): ThresholdVerdict {
  const actual = figureOf(metric, figures);
  return { metric, limit, actual, met: meets(metric, actual, limit) };
}

/** rps must reach its limit, everything else must not exceed it; a figure that is missing meets nothing. */
export function meets(metric: Metric, actual: number | null, limit: number): boolean {
  if (actual === null) return false;
  return higherIsBetter(metric) ? actual >= limit : actual <= limit;
}

/** Null when the run has no such figure. */
export function figureOf(metric: Metric, figures: Figures): number | null {
  return metrics[metric].read(figures);
}

export function higherIsBetter(metric: Metric): boolean {
  return metrics[metric].better === "higher";
}

export function percentileOf(metric: Metric): number | null {
  return metrics[metric].percentile;
}

/** A figure of this metric with its unit, as people read it. */
export function formatMetric(metric: Metric, value: number | null): string {
  return value === null ? "none" : metrics[metric].format(value);
}

function latency(key: keyof LatencyFigures, percentile: number | null): MetricKind {
  return {
    read: (figures) => figures.latencyMs?.[key] ?? null,
    parse: parseDuration,
    expects: "a duration such as 20ms",
    format: formatMs,
    better: "lower",
    percentile,
  };
}

function share(read: MetricKind["read"]): MetricKind {
  return {
    read,
    parse: parsePercent,
    expects: "a share such as 0.1%",
    format: formatPercent,
    better: "lower",
    percentile: null,
  };
}

function isMetric(text: string): text is Metric {
  return Object.hasOwn(metrics, text);
}
