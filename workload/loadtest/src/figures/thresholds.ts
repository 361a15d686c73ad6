/** Thresholds of a run: parses them from the command line and judges each. Pure. */
import {
  loadTestMetrics,
  meets,
  type LoadTestFigures,
  type LoadTestMetric,
  type MeasuredResult,
  type MetricDefinition,
} from "@gpumedia/api/src/load-test-client.ts";
import { parseDuration, parsePercent, parseRate } from "./quantities.ts";

export type ThresholdVerdict = MeasuredResult["thresholds"][number];

/** `limit` in milliseconds for latencies, percent for shares, accepted responses per second for rps. */
export type Threshold = Pick<ThresholdVerdict, "metric" | "limit">;

interface Quantity {
  readonly parse: (text: string) => number | undefined;
  readonly expects: string;
}

const quantities: Readonly<Record<MetricDefinition["unit"], Quantity>> = {
  ms: { parse: parseDuration, expects: "a duration such as 20ms" },
  percent: { parse: parsePercent, expects: "a percentage such as 0.1%" },
  perSecond: { parse: parseRate, expects: "a number of responses per second such as 1000" },
};

/** Parses `p95=20ms`, `errors=0.1%`, `rejected=5%` or `rps=1000`; `wrong` states the problem. */
export function parseThreshold(text: string): Threshold | { readonly wrong: string } {
  const [metric = "", quantity = ""] = text.split("=", 2);
  if (!isMetric(metric)) return { wrong: `Known metrics: ${Object.keys(loadTestMetrics).join(", ")}.` };
  const { parse, expects } = quantities[loadTestMetrics[metric].unit];
  const limit = parse(quantity);
  return limit === undefined ? { wrong: `${metric} needs ${expects}.` } : { metric, limit };
}

/**
 * The thresholds in force. Without a limit on errors a run allows none: a server that answers every request wrongly is fast.
 */
export function inForce(thresholds: readonly Threshold[]): readonly Threshold[] {
  if (thresholds.some(({ metric }) => metric === "errors")) return thresholds;
  return [...thresholds, { metric: "errors", limit: 0 }];
}

export function judgeThreshold({ metric, limit }: Threshold, figures: LoadTestFigures): ThresholdVerdict {
  const actual = loadTestMetrics[metric].read(figures);
  return { metric, limit, actual, met: meets(metric, actual, limit) };
}

function isMetric(text: string): text is LoadTestMetric {
  return Object.hasOwn(loadTestMetrics, text);
}
