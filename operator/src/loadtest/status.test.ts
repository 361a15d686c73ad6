import assert from "node:assert/strict";
import type { Condition, GpuMediaLoadTest, GpuMediaLoadTestStatus, MeasuredResult } from "@gpumedia/api";
import { sampleContext, sampleService } from "../desired/service.sample.ts";
import { lastLoadTest } from "./last-test.ts";
import { loadTestArguments, loadTestJob } from "./job.ts";
import { sampleResult } from "./result.sample.ts";
import {
  isFinished,
  loadTestEvent,
  loadTestStatus,
  type EarlierTest,
  type LoadTestReason,
  type LoadTestState,
} from "./status.ts";

const now = "2026-01-01T00:10:00Z";
const test = (spec: Partial<GpuMediaLoadTest["spec"]> = {}, status?: GpuMediaLoadTestStatus): GpuMediaLoadTest => ({
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaLoadTest",
  metadata: { name: "baseline-1", namespace: "media", uid: "t-1", generation: 1 },
  spec: { serviceRef: { name: "upscaler" }, ...spec },
  ...(status === undefined ? {} : { status }),
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
const load =
  '{"concurrency":10,"durationSeconds":null,"picturesDigest":"sha256","ratePerSecond":null,"requests":100,"timeoutSeconds":10,"warmupRequests":0}';

function condition(type: string, reason: LoadTestReason, message: string): Condition {
  return { type, status: "True", reason, message, observedGeneration: 1, lastTransitionTime: now };
}

describe("the status of a load test", () => {
  it("has what the test waits for", () => {
    const state: LoadTestState = { kind: "Waiting", reason: "NoPodServes", message: "no pod serves" };
    assert.deepEqual(loadTestStatus(test(), state, now), {
      observedGeneration: 1,
      summary: { scenario: "baseline" },
      conditions: [condition("Reconciling", "NoPodServes", "no pod serves")],
    });
  });

  it("has why the Job does not run", () => {
    const why = "it has no pod yet";
    const state: LoadTestState = { kind: "Starting", job: "b", serviceGeneration: 3, reason: "QuotaExceeded", why };
    assert.deepEqual(loadTestStatus(test(), state, now), {
      observedGeneration: 1,
      summary: { scenario: "baseline" },
      job: "b",
      serviceGeneration: 3,
      startTime: now,
      conditions: [condition("Reconciling", "QuotaExceeded", "Job b has not started: it has no pod yet")],
    });
  });

  it("does not change while the test runs", () => {
    const state: LoadTestState = { kind: "Running", job: "baseline-1", serviceGeneration: 3 };
    const first = loadTestStatus(test(), state, now);
    assert.deepEqual(loadTestStatus(test({}, first), state, "2026-01-01T00:11:00Z"), first);
    assert.equal(isFinished(first), false);
  });

  it("has figures and a verdict when the test has finished", () => {
    const status = loadTestStatus(test(), { kind: "Finished", result: sampleResult, earlier: undefined }, now);
    assert.deepEqual(status, {
      observedGeneration: 1,
      summary: { scenario: "baseline", latencyP95: "14.3ms", requestsPerSecond: "39.2/s", errors: "0%" },
      verdict: "Passed",
      reasons: [],
      figures,
      load,
      completionTime: now,
      conditions: [condition("Complete", "Passed", "p95 14.3 ms, 39.2/s; all thresholds are met")],
    });
  });

  const earlier = (change: Partial<NonNullable<GpuMediaLoadTestStatus["figures"]>>, sent = load) => ({
    name: "baseline-0",
    status: { verdict: "Passed" as const, figures: { ...figures, ...change }, load: sent },
  });
  const finished = (change: Partial<MeasuredResult>, than?: EarlierTest): LoadTestState => ({
    kind: "Finished",
    result: { ...sampleResult, ...change },
    earlier: than,
  });
  const { schema, scenario, target, load: sent, startedAt } = sampleResult;
  const identity = { schema, scenario, target, load: sent, startedAt };
  const unreachable = { ...identity, verdict: "Unreachable", reasons: ["connection refused"] } as const;
  const missed = ["p95 is 30 ms, above the limit of 20 ms"];
  const cases: {
    readonly [title: string]: { state: LoadTestState; is: string; because?: readonly string[] };
  } = {
    "thresholds missed": {
      state: finished({ verdict: "Failed", reasons: missed }),
      is: "Failed ThresholdsMissed",
      because: missed,
    },
    "as good as the earlier test": { state: finished({}, earlier({})), is: "Passed Passed", because: [] },
    "within the tolerance": { state: finished({}, earlier({ latencyP95Milliseconds: 13 })), is: "Passed Passed" },
    "slower than the earlier test": {
      state: finished({}, earlier({ latencyP95Milliseconds: 10 })),
      is: "Failed Regressed",
      because: ["p95 14.3 ms, was 10 ms in baseline-0, tolerance 10 %"],
    },
    "less throughput than the earlier test": {
      state: finished({}, earlier({ requestsPerSecond: 50 })),
      is: "Failed Regressed",
      because: ["rps 39.2/s, was 50/s in baseline-0, tolerance 10 %"],
    },
    "a different load": { state: finished({}, earlier({}, "{}")), is: "Failed NotComparable" },
    "an earlier test without figures": {
      state: finished({}, { name: "baseline-0", status: undefined }),
      is: "Failed EarlierTestMissing",
    },
    interrupted: {
      state: finished({ verdict: "Interrupted", reasons: ["interrupted before the end"] }),
      is: "Error Interrupted",
    },
    "the service does not respond": {
      state: { kind: "Finished", result: unreachable, earlier: undefined },
      is: "Error ServiceUnreachable",
      because: ["connection refused"],
    },
    "the Job failed": {
      state: { kind: "Error", reason: "JobFailed", message: "Job x failed" },
      is: "Error JobFailed",
      because: ["Job x failed"],
    },
  };
  for (const [title, { state, is, because }] of Object.entries(cases)) {
    it(`${title}: ${is}`, () => {
      const status = loadTestStatus(test(), state, now);
      assert.equal(`${status.verdict} ${status.conditions?.[0]?.reason}`, is);
      const types = status.conditions?.map(({ type }) => type);
      assert.deepEqual(types, status.verdict === "Passed" ? ["Complete"] : ["Failed", "Stalled"]);
      assert.equal(isFinished(status), true);
      if (because !== undefined) assert.deepEqual(status.reasons, because);
    });
  }
});

describe("the event of a load test", () => {
  const status = (verdict: GpuMediaLoadTestStatus["verdict"], reason: LoadTestReason): GpuMediaLoadTestStatus => {
    const conditions = [condition("Reconciling", reason, `${reason}!`)];
    return { ...(verdict === undefined ? {} : { verdict }), conditions };
  };
  const missing = status(undefined, "ServiceNotFound");
  const cases: {
    readonly [title: string]: {
      before: GpuMediaLoadTestStatus | undefined;
      after: GpuMediaLoadTestStatus;
      event: string | undefined;
    };
  } = {
    "its service does not exist": { before: undefined, after: missing, event: "Warning ServiceNotFound" },
    "none while the service is still missing": { before: missing, after: missing, event: undefined },
    "none while it waits for a pod": { before: missing, after: status(undefined, "NoPodServes"), event: undefined },
    "none when it starts": { before: missing, after: status(undefined, "Running"), event: undefined },
    "it passes": { before: missing, after: status("Passed", "Passed"), event: "Normal Passed" },
    "it fails": { before: missing, after: status("Failed", "Regressed"), event: "Warning Regressed" },
    "it has no result": { before: missing, after: status("Error", "NoResult"), event: "Warning NoResult" },
  };
  for (const [title, { before, after, event }] of Object.entries(cases)) {
    it(title, () => {
      const found = loadTestEvent(before, after);
      assert.equal(found && `${found.type} ${found.reason}`, event);
      if (found !== undefined) assert.equal(found.note, `${found.reason}!`);
    });
  }
});

describe("the Job of a load test", () => {
  it("has the service's target as threshold unless the test has its own", () => {
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

  it("has the sessions of live video", () => {
    const { spec } = test({ scenario: "live", sessions: 5, framesPerSecond: 15, duration: "1m" });
    assert.deepEqual(loadTestArguments(spec, sampleService()).slice(1, 5), [
      "--scenario=live",
      "--sessions=5",
      "--frames-per-second=15",
      "--duration=1m",
    ]);
  });

  it("has the token of the service for live video, and for nothing else", () => {
    const tokenSecretRef = { name: "live", key: "token" };
    const service = sampleService({ live: { enabled: true, tokenSecretRef } });
    const env = (scenario: "live" | "stress") => {
      const { spec } = loadTestJob(test({ scenario }), service, { securityContextConstraints: false });
      const { template } = spec as {
        readonly template: { readonly spec: { readonly containers: readonly { env?: object }[] } };
      };
      return template.spec.containers[0]?.env;
    };
    const token = [{ name: "GPUMEDIA_LIVE_TOKEN", valueFrom: { secretKeyRef: tokenSecretRef } }];
    assert.deepEqual([env("live"), env("stress")], [token, undefined]);
  });

  it("bug: passed with 91 of 100 requests rejected, because the p95 of the others was met", () => {
    const strict = loadTestArguments(test({ thresholds: { latencyP95: "3s" } }).spec, sampleService());
    assert.ok(strict.includes("--threshold=rejected=0%"));
  });

  const resources: {
    readonly [title: string]: readonly [given: GpuMediaLoadTest["spec"]["resources"], resources: object];
  } = {
    "by default": [undefined, { requests: { cpu: "1", memory: "256Mi" }, limits: { memory: "512Mi" } }],
    "with a CPU limit": [
      { limits: { cpu: 2 } },
      { requests: { cpu: "1", memory: "256Mi" }, limits: { memory: "512Mi", cpu: "2" } },
    ],
    "without the default limit": [
      { requests: { cpu: "500m" }, limits: { memory: "0" } },
      { requests: { cpu: "500m", memory: "256Mi" } },
    ],
  };
  for (const [title, [given, expected]] of Object.entries(resources)) {
    it(`has resources ${title}`, () => {
      const spec = given === undefined ? {} : { resources: given };
      const job = loadTestJob(test(spec), sampleService(), sampleContext.features) as unknown as {
        spec: { template: { spec: { containers: { resources: object }[] } } };
      };
      assert.deepEqual(job.spec.template.spec.containers[0]?.resources, expected);
    });
  }

  it("waits for Istio's proxy before it sends, and needs no annotation elsewhere", () => {
    const annotations = (mesh: "None" | "Istio" | "Linkerd"): unknown => {
      const job = loadTestJob(test(), sampleService({ network: { mesh } }), sampleContext.features);
      return (job as unknown as { spec: { template: { metadata: { annotations?: object } } } }).spec.template.metadata
        .annotations;
    };
    assert.deepEqual(annotations("Istio"), { "proxy.istio.io/config": '{"holdApplicationUntilProxyStarts": true}' });
    assert.deepEqual([annotations("None"), annotations("Linkerd")], [undefined, undefined]);
  });

  it("runs once, is owned by the test, and does not match the selectors of the service", () => {
    const { metadata, spec } = loadTestJob(test(), sampleService(), sampleContext.features) as unknown as {
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
  it("is the one that finished last, with any verdict", () => {
    const ended = (name: string, verdict: "Passed" | "Failed", completionTime: string): GpuMediaLoadTest => {
      const one = test({}, { verdict, completionTime, conditions: [] });
      return { ...one, metadata: { ...one.metadata, name } };
    };
    assert.equal(lastLoadTest([test()]), undefined);
    const tests = [test(), ended("a", "Passed", "2026-01-01T00:00:00Z"), ended("b", "Failed", "2026-01-02T00:00:00Z")];
    assert.deepEqual(lastLoadTest(tests), { name: "b", passed: false, message: "" });
  });
});
