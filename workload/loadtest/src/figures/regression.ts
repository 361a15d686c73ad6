/** Compares a run with an earlier one. Pure. */
import type { LoadDescription } from "../result/result.ts";
import { type Figures, type Metric, figureOf, higherIsBetter, meets } from "./thresholds.ts";

export interface RegressionRow {
  readonly metric: Metric;
  readonly before: number | null;
  readonly now: number | null;
  /** Change in per cent of `before`; null when there is nothing to divide by. */
  readonly changePercent: number | null;
  readonly worse: boolean;
}

export interface Regression {
  /** Name of the earlier result. */
  readonly against: string;
  readonly tolerancePercent: number;
  readonly rows: readonly RegressionRow[];
}

/** p99 and above swing with a handful of answers; these repeat from run to run. */
const compared: readonly Metric[] = ["p50", "p95", "rps", "errors", "rejected"];

/** Each compared figure, worse when it is beyond the earlier one by more than the tolerance. */
export function compareFigures(before: Figures, now: Figures, tolerancePercent: number): RegressionRow[] {
  return compared.map((metric) => {
    const was = figureOf(metric, before);
    const is = figureOf(metric, now);
    if (was === null) return { metric, before: was, now: is, changePercent: null, worse: false };
    const limit = was * (1 + (higherIsBetter(metric) ? -tolerancePercent : tolerancePercent) / 100);
    const changePercent = is === null || was === 0 ? null : ((is - was) / was) * 100;
    return { metric, before: was, now: is, changePercent, worse: !meets(metric, is, limit) };
  });
}

/**
 * Why two runs say nothing about each other; null when they may be compared. Address and number of requests may differ:
 * comparing two servers is a use, and a percentile does not grow with the run.
 */
export function whyNotComparable(before: LoadDescription, now: LoadDescription): string | null {
  if (before.ratePerSecond !== now.ratePerSecond) {
    return `rate was ${rateName(before.ratePerSecond)}, is ${rateName(now.ratePerSecond)}`;
  }
  if (before.concurrency !== now.concurrency) return `concurrency was ${before.concurrency}, is ${now.concurrency}`;
  if (before.picturesDigest !== now.picturesDigest) return "the pictures sent are not the same";
  return null;
}

function rateName(rate: number | null): string {
  return rate === null ? "closed loop" : `${rate}/s`;
}
