import assert from "node:assert/strict";
import type { GpuMediaLoadTest, GpuMediaLoadTestStatus } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import { lastLoadTest } from "./last-test.ts";
import { loadTestArguments, loadTestJob } from "./job.ts";
import { readResult, type RunResult } from "./result.ts";
import { isFinished, loadTestStatus, type Standing } from "./status.ts";

const now = "2026-01-01T00:10:00Z";
const test = (spec: Partial<GpuMediaLoadTest["spec"]> = {}, status?: GpuMediaLoadTestStatus): GpuMediaLoadTest => ({
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaLoadTest",
  metadata: { name: "baseline-1", namespace: "media", uid: "t-1", generation: 1 },
  spec: { serviceRef: { name: "upscaler" }, ...spec },
  ...(status === undefined ? {} : { status }),
});

const latencyMs = { p50: 9, p95: 14.25, p99: 19 };
const result = (change: Partial<RunResult> = {}): RunResult => ({
  verdict: "Passed",
  reasons: [],
  load: { requests: 100, concurrency: 10 },
  elapsedSeconds: 2.5,
  counts: { accepted: 98, rejected: 2, failed: 0 },
  figures: { requestsPerSecond: 39.2, errorPercent: 0, rejectedPercent: 2, latencyMs },
  ...change,
});
const figures = {
  requests: 100,
  requestsPerSecond: 39.2,
  errorPercent: 0,
  rejectedPercent: 2,
  latencyP50Milliseconds: 9,
  latencyP95Milliseconds: 14.25,
  latencyP99Milliseconds: 19,
  elapsedSeconds: 2.5,
};
const load = '{"concurrency":10,"requests":100}';

describe("status of a load test", () => {
  it("says what it waits for", () => {
    const standing: Standing = { kind: "Waiting", reason: "NoPodServes", message: "no pod serves" };
    assert.deepEqual(loadTestStatus(test(), standing, now), {
      observedGeneration: 1,
      summary: { scenario: "baseline" },
      conditions: [
        {
          type: "Reconciling",
          status: "True",
          reason: "NoPodServes",
          message: "no pod serves",
          observedGeneration: 1,
          lastTransitionTime: now,
        },
      ],
    });
  });

  it("is the same at every look while it runs", () => {
    const standing: Standing = { kind: "Running", job: "baseline-1", serviceGeneration: 3 };
    const first = loadTestStatus(test(), standing, now);
    assert.deepEqual(loadTestStatus(test({}, first), standing, "2026-01-01T00:11:00Z"), first);
    assert.equal(isFinished(first), false);
  });

  it("has figures and a verdict in the end", () => {
    const status = loadTestStatus(test(), { kind: "Ended", result: result(), earlier: undefined }, now);
    assert.deepEqual(status, {
      observedGeneration: 1,
      summary: { scenario: "baseline", latencyP95: "14.3ms", requestsPerSecond: "39.2/s", errors: "0%" },
      verdict: "Passed",
      reasons: [],
      figures,
      load,
      completionTime: now,
      conditions: [
        {
          type: "Complete",
          status: "True",
          reason: "Passed",
          message: "p95 14.25 ms, 39.2/s, all thresholds met",
          observedGeneration: 1,
          lastTransitionTime: now,
        },
      ],
    });
  });

  const earlier = (change: Partial<NonNullable<GpuMediaLoadTestStatus["figures"]>>, sent = load) => ({
    name: "baseline-0",
    status: { verdict: "Passed" as const, figures: { ...figures, ...change }, load: sent },
  });
  const missed = ["p95 is 30 ms, above the limit of 20 ms"];
  const cases: readonly { title: string; standing: Standing; is: string; because?: readonly string[] }[] = [
    {
      title: "thresholds missed",
      standing: { kind: "Ended", result: result({ verdict: "Failed", reasons: missed }), earlier: undefined },
      is: "Failed ThresholdsMissed",
      because: missed,
    },
    {
      title: "as good as before",
      standing: { kind: "Ended", result: result(), earlier: earlier({}) },
      is: "Passed Passed",
      because: [],
    },
    {
      title: "within the tolerance",
      standing: { kind: "Ended", result: result(), earlier: earlier({ latencyP95Milliseconds: 13 }) },
      is: "Passed Passed",
    },
    {
      title: "slower than before",
      standing: { kind: "Ended", result: result(), earlier: earlier({ latencyP95Milliseconds: 10 }) },
      is: "Failed Regressed",
      because: ["p95 went from 10 ms to 14.3 ms, tolerance 10 % against baseline-0"],
    },
    {
      title: "less throughput than before",
      standing: { kind: "Ended", result: result(), earlier: earlier({ requestsPerSecond: 50 }) },
      is: "Failed Regressed",
      because: ["rps went from 50/s to 39.2/s, tolerance 10 % against baseline-0"],
    },
    {
      title: "another load than before",
      standing: { kind: "Ended", result: result(), earlier: earlier({}, "{}") },
      is: "Failed NotComparable",
    },
    {
      title: "nothing to compare with",
      standing: { kind: "Ended", result: result(), earlier: { name: "baseline-0", status: undefined } },
      is: "Failed EarlierTestMissing",
    },
    {
      title: "interrupted",
      standing: {
        kind: "Ended",
        result: result({ verdict: "Interrupted", reasons: ["interrupted before the end"] }),
        earlier: undefined,
      },
      is: "Error Interrupted",
    },
    {
      title: "nobody there",
      standing: {
        kind: "Ended",
        result: { verdict: "Unreachable", reasons: ["connection refused"] },
        earlier: undefined,
      },
      is: "Error ServiceUnreachable",
      because: ["connection refused"],
    },
    {
      title: "the Job failed",
      standing: { kind: "Error", reason: "JobFailed", message: "Job x failed" },
      is: "Error JobFailed",
      because: ["Job x failed"],
    },
  ];
  for (const { title, standing, is, because } of cases) {
    it(`${title}: ${is}`, () => {
      const status = loadTestStatus(test(), standing, now);
      assert.equal(`${status.verdict} ${status.conditions?.[0]?.reason}`, is);
      const types = status.conditions?.map(({ type }) => type);
      assert.deepEqual(types, status.verdict === "Passed" ? ["Complete"] : ["Failed", "Stalled"]);
      assert.equal(isFinished(status), true);
      if (because !== undefined) assert.deepEqual(status.reasons, because);
    });
  }
});

describe("result of a load test", () => {
  it("is read from a termination message, and from nothing else", () => {
    const message = { schema: "gpumedia.io/loadtest/v1", ...result(), more: 1 };
    assert.deepEqual(readResult(JSON.stringify(message)), message);
    const noResults = [
      "",
      "Killed",
      "null",
      JSON.stringify({ ...message, schema: "v2" }),
      JSON.stringify({ ...message, figures: {} }),
    ];
    for (const text of noResults) assert.equal(readResult(text), undefined, text);
  });
});

describe("Job of a load test", () => {
  it("holds the run against the service's target unless the test has its own", () => {
    assert.deepEqual(loadTestArguments(test().spec, sampleService()), [
      "--url=http://upscaler.media",
      "--scenario=baseline",
      "--threshold=p95=20ms",
      "--threshold=rejected=0%",
      "--termination-message=/dev/termination-log",
    ]);
    const spec = test({
      scenario: "custom",
      requests: 5,
      concurrency: 2,
      duration: "1m",
      timeout: "5s",
      thresholds: { latencyP95: "50ms", errorPercent: 1, rejectedPercent: 5, requestsPerSecond: 30 },
    }).spec;
    assert.deepEqual(loadTestArguments(spec, sampleService()), [
      "--url=http://upscaler.media",
      "--scenario=custom",
      "--requests=5",
      "--concurrency=2",
      "--duration=1m",
      "--timeout=5s",
      "--threshold=p95=50ms",
      "--threshold=errors=1%",
      "--threshold=rejected=5%",
      "--threshold=rps=30",
      "--termination-message=/dev/termination-log",
    ]);
  });

  it("does not pass where requests are sent away: with 91 of 100 rejected the p95 of the others was fine", () => {
    const strict = loadTestArguments(test({ thresholds: { latencyP95: "3s" } }).spec, sampleService());
    assert.ok(strict.includes("--threshold=rejected=0%"));
  });

  it("runs once, is the test's own, and is no pod of the service", () => {
    const { metadata, spec } = loadTestJob(test(), sampleService()) as unknown as {
      metadata: { labels: Record<string, string>; ownerReferences: { uid: string }[] };
      spec: { backoffLimit: number; activeDeadlineSeconds: number };
    };
    assert.equal(metadata.ownerReferences[0]?.uid, "t-1");
    assert.equal(metadata.labels["gpumedia.io/load-test-of"], "upscaler");
    assert.equal("gpumedia.io/service" in metadata.labels, false);
    assert.deepEqual([spec.backoffLimit, spec.activeDeadlineSeconds], [0, 4_200]);
  });
});

describe("the last load test", () => {
  it("is the one that ended last, whatever its verdict", () => {
    const ended = (name: string, verdict: "Passed" | "Failed", completionTime: string): GpuMediaLoadTest => {
      const one = test({}, { verdict, completionTime, conditions: [] });
      return { ...one, metadata: { ...one.metadata, name } };
    };
    assert.equal(lastLoadTest([test()]), undefined);
    const tests = [test(), ended("a", "Passed", "2026-01-01T00:00:00Z"), ended("b", "Failed", "2026-01-02T00:00:00Z")];
    assert.deepEqual(lastLoadTest(tests), { name: "b", passed: false, message: "" });
  });
});
