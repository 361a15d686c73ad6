import assert from "node:assert/strict";
import type { LoadTestFigures } from "@gpumedia/api";
import { type Threshold, type ThresholdVerdict, inForce, judgeThreshold, parseThreshold } from "./thresholds.ts";

const figures: LoadTestFigures = {
  requestsPerSecond: 950,
  errorPercent: 0.05,
  rejectedPercent: 2,
  latencyMs: { mean: 11, p50: 10, p90: 15, p95: 18, p99: 30, p999: 60, max: 90 },
};
const nothingAccepted: LoadTestFigures = {
  requestsPerSecond: 0,
  errorPercent: 0,
  rejectedPercent: 100,
  latencyMs: null,
};

describe("parseThreshold", () => {
  const known = "Known metrics: mean, p50, p90, p95, p99, p99.9, max, errors, rejected, rps.";
  const cases: readonly { text: string; threshold: Threshold | { wrong: string } }[] = [
    { text: "p95=20ms", threshold: { metric: "p95", limit: 20 } },
    { text: "p99.9=1.5s", threshold: { metric: "p99.9", limit: 1500 } },
    { text: "mean=500us", threshold: { metric: "mean", limit: 0.5 } },
    { text: "errors=0.1%", threshold: { metric: "errors", limit: 0.1 } },
    { text: "rejected=5%", threshold: { metric: "rejected", limit: 5 } },
    { text: "rps=1000", threshold: { metric: "rps", limit: 1000 } },
    { text: "p95=20", threshold: { wrong: "p95 needs a duration such as 20ms." } },
    { text: "p95", threshold: { wrong: "p95 needs a duration such as 20ms." } },
    { text: "errors=1", threshold: { wrong: "errors needs a percentage such as 0.1%." } },
    { text: "rps=fast", threshold: { wrong: "rps needs a number of responses per second such as 1000." } },
    { text: "p42=1s", threshold: { wrong: known } },
    { text: "toString=1s", threshold: { wrong: known } },
    { text: "", threshold: { wrong: known } },
  ];
  for (const { text, threshold } of cases)
    it(text || "nothing", () => assert.deepEqual(parseThreshold(text), threshold));
});

describe("judgeThreshold", () => {
  const cases: readonly { figures?: LoadTestFigures; verdict: ThresholdVerdict }[] = [
    { verdict: { metric: "mean", limit: 11, actual: 11, met: true } },
    { verdict: { metric: "p50", limit: 9, actual: 10, met: false } },
    { verdict: { metric: "p90", limit: 15, actual: 15, met: true } },
    { verdict: { metric: "p95", limit: 20, actual: 18, met: true } },
    { verdict: { metric: "p95", limit: 17.9, actual: 18, met: false } },
    { verdict: { metric: "p99", limit: 30, actual: 30, met: true } },
    { verdict: { metric: "p99.9", limit: 59, actual: 60, met: false } },
    { verdict: { metric: "max", limit: 90, actual: 90, met: true } },
    { verdict: { metric: "errors", limit: 0.1, actual: 0.05, met: true } },
    { verdict: { metric: "errors", limit: 0, actual: 0.05, met: false } },
    { verdict: { metric: "rejected", limit: 1, actual: 2, met: false } },
    { verdict: { metric: "rps", limit: 950, actual: 950, met: true } },
    { verdict: { metric: "rps", limit: 1000, actual: 950, met: false } },
    { figures: nothingAccepted, verdict: { metric: "p95", limit: 1e9, actual: null, met: false } },
    { figures: nothingAccepted, verdict: { metric: "rps", limit: 1, actual: 0, met: false } },
    { figures: nothingAccepted, verdict: { metric: "errors", limit: 0, actual: 0, met: true } },
  ];
  for (const { figures: of = figures, verdict } of cases) {
    const { metric, limit, met } = verdict;
    it(`${metric} with limit ${limit}: ${met ? "met" : "not met"}`, () =>
      assert.deepEqual(judgeThreshold({ metric, limit }, of), verdict));
  }
});

describe("inForce", () => {
  it("allows no errors unless they have a limit", () => {
    assert.deepEqual(inForce([{ metric: "p95", limit: 20 }]), [
      { metric: "p95", limit: 20 },
      { metric: "errors", limit: 0 },
    ]);
    assert.deepEqual(inForce([{ metric: "errors", limit: 5 }]), [{ metric: "errors", limit: 5 }]);
  });
});
