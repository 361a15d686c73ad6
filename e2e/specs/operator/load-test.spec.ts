/** Load tests on a real API server: what they wait for, their Job, and what they say in the end. */
import assert from "node:assert/strict";
import { sampleResult } from "@gpumedia/operator/src/loadtest/result.sample.ts";
import { jobType, loadTestType, type StoredLoadTest } from "@gpumedia/operator/src/loadtest/cache.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { failingImages } from "../../cluster/cluster.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { pods } from "./reporting-pods.ts";
import { Workspace } from "./workspace.ts";

describe("load tests", function () {
  this.timeout(120_000);
  let work: Workspace;

  beforeEach(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator();
  });
  afterEach(() => work[Symbol.asyncDispose]());

  async function create(name: string, spec: object = {}): Promise<KubeObject> {
    const { namespace } = work;
    return work.client.create(
      loadTestType,
      {
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaLoadTest",
        metadata: { name, namespace },
        // Its pod waits until the spec says how it ends; kwok ends all others at once.
        spec: { serviceRef: { name: "upscaler" }, image: failingImages.pullFails, ...spec },
      } as never,
      { fieldManager: "user" },
    );
  }

  async function untilReason(name: string, reason: string): Promise<StoredLoadTest> {
    let last: StoredLoadTest | undefined;
    return until(
      `${name} to be ${reason}`,
      async () => {
        last = (await work.get(loadTestType, name)) as StoredLoadTest | undefined;
        return last?.status?.conditions?.[0]?.reason === reason ? last : undefined;
      },
      { withinMs: 60_000 },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(last?.status)}`, { cause: error });
    });
  }

  /** As the kubelet would: the pod has ended with this message. */
  async function end(job: string, message: string, exitCode: number): Promise<void> {
    const labelSelector = `batch.kubernetes.io/job-name=${job}`;
    const pod = await until(`the pod of ${job}`, async () => {
      const { items } = await work.client.list(pods, { namespace: work.namespace, labelSelector });
      return items[0];
    });
    const terminated = { exitCode, message, startedAt: new Date().toISOString(), finishedAt: new Date().toISOString() };
    const status = {
      phase: exitCode === 0 ? "Succeeded" : "Failed",
      containerStatuses: [
        { name: "loadtest", image: "x", imageID: "", ready: false, restartCount: 0, state: { terminated } },
      ],
    };
    const path = `/api/v1/namespaces/${work.namespace}/pods/${pod.metadata.name}/status`;
    await work.client.rawJson("PATCH", path, {
      body: { status },
      headers: { "content-type": "application/merge-patch+json" },
    });
  }

  it("wait for a service that is there and serves, run once, and tell their figures", async () => {
    await create("first", { ttlAfterFinished: "3s" });
    await untilReason("first", "ServiceNotFound");
    await until("the event", async () => {
      const events = await work.cluster.kubectl("events", "-n", work.namespace, "--for=gpumedialoadtest/first");
      return /Warning +ServiceNotFound +.* does not exist; create it/.test(events) ? true : undefined;
    });
    await work.apply("upscaler", {});
    await untilReason("first", "Running");
    await end("first", JSON.stringify(sampleResult), 0);
    const { status } = await untilReason("first", "Passed");
    assert.equal(status?.verdict, "Passed");
    assert.equal(status?.figures?.latencyP95Milliseconds, 14.25);
    const shown = await work.cluster.kubectl("get", "gmlt", "first", "-n", work.namespace);
    assert.match(shown, /first\s+upscaler\s+baseline\s+Passed\s+14\.3ms\s+39\.2\/s\s+0%/);
    await until("the checklist to know", async () => {
      const items = (await work.service("upscaler"))?.status?.guideChecklist ?? [];
      return items.find(({ item }) => item === "Load testing completed")?.state === "Done" ? true : undefined;
    });
    await until("the test to be past its time", async () =>
      (await work.get(loadTestType, "first")) === undefined ? true : undefined,
    );
    await until("its Job to go with it", async () =>
      (await work.get(jobType, "first")) === undefined ? true : undefined,
    );
  });

  it("fail when thresholds are missed, when a run is worse than an earlier one, and when the Job fails", async () => {
    await work.apply("upscaler", {});
    await create("missed");
    await untilReason("missed", "Running");
    const reasons = ["p95 is 80 ms, above the limit of 20 ms"];
    await end("missed", JSON.stringify({ ...sampleResult, verdict: "Failed", reasons }), 1);
    const { status } = await untilReason("missed", "ThresholdsMissed");
    assert.deepEqual([status?.verdict, status?.reasons], ["Failed", reasons]);

    await create("later", { regression: { against: "missed" } });
    await untilReason("later", "Running");
    const slower = { ...sampleResult.figures, latencyMs: { ...sampleResult.figures.latencyMs, p95: 19 } };
    await end("later", JSON.stringify({ ...sampleResult, figures: slower }), 0);
    await untilReason("later", "Regressed");

    await create("crashed");
    await untilReason("crashed", "Running");
    await end("crashed", "Killed", 137);
    await untilReason("crashed", "JobFailed");
    await create("alone", { regression: { against: "nobody" } });
    await untilReason("alone", "EarlierTestMissing");
  });

  it("do not run against a suspended service", async () => {
    await work.apply("upscaler", { suspend: true });
    await create("test");
    await untilReason("test", "ServiceSuspended");
    assert.equal(await work.get(jobType, "test"), undefined);
  });

  it("take their Job with them when they are deleted while it runs", async () => {
    await work.apply("upscaler", {});
    await create("test");
    await untilReason("test", "Running");
    await work.delete(loadTestType, "test");
    await until("the Job to go", async () => ((await work.get(jobType, "test")) === undefined ? true : undefined));
  });

  it("run after each rollout with staging's profile", async () => {
    await work.apply("upscaler", { profile: "staging" });
    const exists = (name: string) =>
      until(name, async () => (await work.get(loadTestType, name)) as StoredLoadTest | undefined, { withinMs: 60_000 });
    const first = await exists("upscaler-r1");
    assert.deepEqual(first.spec, { serviceRef: { name: "upscaler" }, scenario: "baseline" });
    // Kwok ends its pod without a result: no figures that the next could be compared with.
    await untilReason("upscaler-r1", "NoResult");
    await work.apply("upscaler", { profile: "staging", processing: { env: [{ name: "A", value: "b" }] } });
    await exists("upscaler-r2");
  });

  it("cannot be changed", async () => {
    await create("test");
    await assert.rejects(
      work.patch(loadTestType, "test", [{ op: "add", path: "/spec/scenario", value: "stress" }]),
      /a load test runs once/,
    );
  });
});
