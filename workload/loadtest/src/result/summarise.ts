/** Converts the tally of a run to its result. Pure. */
import {
  compareFigures,
  comparedFigures,
  formatMetric,
  loadTestMetrics,
  loadTestResultVersion,
  regressionReasons,
  type LoadTestFigures,
  type LoadTestRegression,
} from "@gpumedia/api/src/load-test-client.ts";
import type { LatencyFigures, LatencyHistogram } from "../figures/histogram.ts";
import { rounded } from "../figures/quantities.ts";
import type { ClientFigures, LoadDescription, PictureDescription, Result } from "./result.ts";
import type { ScenarioName } from "../load/scenarios.ts";
import type { Tally } from "../figures/tally.ts";
import { type Threshold, type ThresholdVerdict, judgeThreshold } from "../figures/thresholds.ts";
import { warningsOf } from "../figures/warnings.ts";

/** Everything about a run except its tally. */
export interface RunFacts {
  readonly scenario: ScenarioName;
  readonly target: string;
  readonly load: LoadDescription;
  readonly pictures: readonly PictureDescription[];
  readonly startedAt: string;
  readonly endedBy: Result["endedBy"];
  readonly client: ClientFigures;
  readonly thresholds: readonly Threshold[];
  readonly against: Earlier | null;
}

export interface Earlier {
  readonly name: string;
  readonly tolerancePercent: number;
  readonly figures: LoadTestFigures;
}

export function summarise(tally: Tally, facts: RunFacts): Result {
  const { scenario, target, load, pictures, startedAt, endedBy, client } = facts;
  const figures = figuresOf(tally);
  const thresholds = facts.thresholds.map((threshold) => judgeThreshold(threshold, figures));
  const regression = regressionOf(facts.against, figures);
  const reasons = [
    ...(endedBy === "signal" ? ["interrupted"] : []),
    ...(tally.counts.accepted === 0 ? ["no request was accepted"] : []),
    ...thresholds.filter(({ met }) => !met).map(reasonOfThreshold),
    ...(regression === null ? [] : regressionReasons(regression)),
  ];
  return {
    schema: loadTestResultVersion,
    verdict: endedBy === "signal" ? "Interrupted" : reasons.length > 0 ? "Failed" : "Passed",
    reasons,
    scenario,
    target,
    load,
    startedAt,
    elapsedSeconds: rounded(tally.lastEndMs / 1000),
    endedBy,
    counts: tally.counts,
    figures,
    thresholds,
    regression,
    warnings: warningsOf({ counts: tally.counts, client, load, endedBy, thresholds: facts.thresholds }),
    failures: tally.failures(),
    stages: Object.fromEntries([...tally.stages].map(([stage, histogram]) => [stage, stageFigures(histogram)])),
    details: {
      pictures,
      bytesReceived: tally.bytesReceived,
      serviceTimeMs: roundedFigures(tally.serviceTime),
      rejectionLatencyMs: roundedFigures(tally.rejectionLatency),
      client,
      curve: tally.latency.curve(),
      serviceTimeCurve: tally.serviceTime.curve(),
      timeline: tally.timeline.rows(),
    },
  };
}

function figuresOf({ counts, latency, lastEndMs }: Tally): LoadTestFigures {
  const ended = counts.accepted + counts.rejected + counts.failed;
  const share = (count: number) => (ended === 0 ? 0 : rounded((count / ended) * 100, 4));
  return {
    requestsPerSecond: lastEndMs === 0 ? 0 : rounded((counts.accepted / lastEndMs) * 1000),
    errorPercent: share(counts.failed),
    rejectedPercent: share(counts.rejected),
    latencyMs: roundedFigures(latency),
  };
}

function regressionOf(against: Earlier | null, figures: LoadTestFigures): LoadTestRegression | null {
  if (against === null) return null;
  const { name, tolerancePercent, figures: before } = against;
  return {
    against: name,
    tolerancePercent,
    rows: compareFigures(comparedFigures(before), comparedFigures(figures), tolerancePercent),
  };
}

function reasonOfThreshold({ metric, actual, limit }: ThresholdVerdict): string {
  const bound = loadTestMetrics[metric].better === "higher" ? "minimum" : "limit";
  const value = actual === null ? "not measured" : formatMetric(metric, actual);
  return `${metric} ${value}, ${bound} ${formatMetric(metric, limit)}`;
}

function roundedFigures(histogram: LatencyHistogram): LatencyFigures | null {
  const figures = histogram.figures();
  return figures === null ? null : { ...figures, mean: rounded(figures.mean) };
}

function stageFigures(histogram: LatencyHistogram): Result["stages"][string] {
  return {
    mean: rounded(histogram.mean),
    p50: histogram.percentile(50),
    p95: histogram.percentile(95),
    max: histogram.max,
  };
}
