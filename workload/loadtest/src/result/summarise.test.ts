import assert from "node:assert/strict";
import { Tally } from "../figures/tally.ts";
import { accepted, facts, failed, load, passed, rejected, steadyTally, timedOut } from "../testing/results.ts";
import type { Result } from "./result.ts";
import { summarise } from "./summarise.ts";

describe("summarise", () => {
  it("returns the whole result of a run that passed", () => {
    const { details, ...outline } = passed();
    const { curve, serviceTimeCurve, timeline, ...rest } = details;
    assert.deepEqual(outline, {
      schema: "gpumedia.io/loadtest/v1",
      verdict: "Passed",
      reasons: [],
      scenario: "baseline",
      target: "http://upscaler.media/v1/process",
      load,
      startedAt: "2026-01-02T03:04:05.678Z",
      elapsedSeconds: 3.975,
      endedBy: "requests",
      counts: { accepted: 100, rejected: 0, failed: 0, abandoned: 0 },
      figures: {
        requestsPerSecond: 25.157,
        errorPercent: 0,
        rejectedPercent: 0,
        latencyMs: { mean: 10.504, p50: 10.007, p90: 10.007, p95: 15.007, p99: 15.007, p999: 15.007, max: 15.007 },
      },
      thresholds: [
        { metric: "p95", limit: 20, actual: 15.007, met: true },
        { metric: "errors", limit: 0, actual: 0, met: true },
      ],
      regression: null,
      warnings: [],
      failures: [],
      stages: {
        queue: { mean: 1, p50: 1, p95: 1, max: 1 },
        inference: { mean: 8.002, p50: 8.003, p95: 8.003, max: 8.003 },
      },
    } satisfies Omit<Result, "details">);
    assert.deepEqual(rest, {
      pictures: facts.pictures,
      bytesReceived: 100_000,
      serviceTimeMs: outline.figures.latencyMs,
      rejectionLatencyMs: null,
      client: facts.client,
    });
    assert.deepEqual(curve.at(-1), { percentile: 100, ms: 15.007 });
    assert.deepEqual(serviceTimeCurve, curve);
    assert.deepEqual(
      timeline.map(({ accepted: count }) => count),
      [25, 25, 25, 25],
    );
  });

  it("states every reason of a run that failed", () => {
    const { verdict, reasons, figures, failures } = failed();
    assert.deepEqual(
      { verdict, reasons, errorPercent: figures.errorPercent, rejectedPercent: figures.rejectedPercent, failures },
      {
        verdict: "Failed",
        reasons: [
          "p95 15 ms, limit 12 ms",
          "errors 10 %, limit 1 %",
          "rps 20.1/s, was 25.2/s in before.json, tolerance 10 %",
          "errors 10 %, was 0 % in before.json, tolerance 10 %",
          "rejected 10 %, was 0 % in before.json, tolerance 10 %",
        ],
        errorPercent: 10,
        rejectedPercent: 10,
        failures: [{ kind: "timeout", count: 10, example: "no complete response" }],
      },
    );
  });

  const verdicts = {
    "fails without a threshold if every request is rejected": {
      result: () =>
        summarise(
          steadyTally(5, () => rejected),
          { ...facts, thresholds: [] },
        ),
      verdict: "Failed",
      reasons: ["no request was accepted"],
    },
    "fails a latency threshold if there is no latency": {
      result: () =>
        summarise(
          steadyTally(5, () => timedOut),
          { ...facts, thresholds: [{ metric: "p95", limit: 20 }] },
        ),
      verdict: "Failed",
      reasons: ["no request was accepted", "p95 not measured, limit 20 ms"],
    },
    "fails with too few responses per second": {
      result: () => passed({ thresholds: [{ metric: "rps", limit: 1000 }] }),
      verdict: "Failed",
      reasons: ["rps 25.2/s, minimum 1000/s"],
    },
    "neither passes nor fails an interrupted run": {
      result: () => passed({ endedBy: "signal", thresholds: [{ metric: "p95", limit: 1 }] }),
      verdict: "Interrupted",
      reasons: ["interrupted", "p95 15 ms, limit 1 ms"],
    },
    "reports a run that is interrupted before the first response": {
      result: () => summarise(new Tally(), { ...facts, endedBy: "signal", thresholds: [] }),
      verdict: "Interrupted",
      reasons: ["interrupted", "no request was accepted"],
    },
    "passes with rejections within their limit": {
      result: () =>
        summarise(
          steadyTally(10, (nth) => (nth === 0 ? rejected : accepted)),
          {
            ...facts,
            thresholds: [{ metric: "rejected", limit: 10 }],
          },
        ),
      verdict: "Passed",
      reasons: [],
    },
  };
  for (const [name, { result, verdict, reasons }] of Object.entries(verdicts)) {
    it(name, () => {
      const { verdict: gotVerdict, reasons: gotReasons } = result();
      assert.deepEqual({ verdict: gotVerdict, reasons: gotReasons }, { verdict, reasons });
    });
  }
});
