/** Load tests on a real API server: what they wait for, their Job, and their result. */
import assert from "node:assert/strict";
import { sampleResult } from "@gpumedia/operator/src/loadtest/result.sample.ts";
import { jobType, loadTestType, type StoredLoadTest } from "@gpumedia/operator/src/loadtest/cache.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { failingImages } from "../../cluster/cluster.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { createQuota, quotaType } from "./quota.ts";
import { pods } from "./reporting-pods.ts";
import { startWebhook } from "./webhook.ts";

describe("load tests", () => {
  const work = operatorWorkspace("test");

  async function create(name: string, spec: object = {}): Promise<KubeObject> {
    // kwok completes pods at once, but not those of this image: each test sets how they exit.
    const contents = { spec: { serviceRef: { name: "upscaler" }, image: failingImages.pullFails, ...spec } };
    return work.createObject(loadTestType, name, contents, { manager: "user" });
  }

  async function untilReason(name: string, reason: string): Promise<StoredLoadTest> {
    return until(`${name} to be ${reason}`, async (see) => {
      const live = (await work.get(loadTestType, name)) as StoredLoadTest | undefined;
      return see(live?.status)?.conditions?.[0]?.reason === reason && live;
    });
  }

  /** Sets the status of the Job's pod as the kubelet does when the container exits with this message. */
  async function end(job: string, message: string, exitCode: number): Promise<void> {
    const labelSelector = `batch.kubernetes.io/job-name=${job}`;
    // With an address: kwok would overwrite a status that is set before it has handled the pod.
    const pod = await until(`the pod of ${job} to have an address`, async (see) => {
      const { items } = await work.client.list(pods, { namespace: work.namespace, labelSelector });
      return see(items).find((item) => (item as { readonly status?: { podIP?: string } }).status?.podIP !== undefined);
    });
    const terminated = { exitCode, message, startedAt: new Date().toISOString(), finishedAt: new Date().toISOString() };
    await work.patchPodStatus(pod.metadata.name, {
      phase: exitCode === 0 ? "Succeeded" : "Failed",
      containerStatuses: [
        { name: "loadtest", image: "x", imageID: "", ready: false, restartCount: 0, state: { terminated } },
      ],
    });
  }

  it("wait until the service exists and serves, run once, and report their figures", async () => {
    await create("first");
    await untilReason("first", "ServiceNotFound");
    await until("an event with the reason ServiceNotFound", async (see) => {
      const events = await work.cluster.kubectl("events", "-n", work.namespace, "--for=gpumedialoadtest/first");
      return /Warning +ServiceNotFound +.* does not exist; create it/.test(see(events));
    });
    await work.apply("upscaler", {});
    const starting = await untilReason("first", "Starting");
    assert.match(starting.status?.conditions?.[0]?.message ?? "", /^Job first has not started: /);
    await end("first", JSON.stringify(sampleResult), 0);
    const { status } = await untilReason("first", "Passed");
    assert.equal(status?.verdict, "Passed");
    assert.equal(status?.figures?.latencyP95Milliseconds, 14.25);
    const shown = await work.cluster.kubectl("get", "gmlt", "first", "-n", work.namespace);
    assert.match(shown, /first\s+upscaler\s+baseline\s+Passed\s+14\.3ms\s+39\.2\/s\s+0%/);
    await until("the checklist item to be Done", async (see) => {
      const items = (await work.service("upscaler"))?.status?.guideChecklist ?? [];
      return see(items.find(({ item }) => item === "Load testing completed"))?.state === "Done";
    });
  });

  it("are deleted after ttlAfterFinished", async () => {
    await work.apply("upscaler", {});
    await create("short", { ttlAfterFinished: "1s" });
    await untilReason("short", "Starting");
    await end("short", JSON.stringify(sampleResult), 0);
    await work.untilGone(loadTestType, "short");
    await work.untilGone(jobType, "short");
  });

  it("fail when a threshold is missed, the result regresses, or the Job fails", async () => {
    await work.apply("upscaler", {});
    await create("missed");
    await untilReason("missed", "Starting");
    const reasons = ["p95 is 80 ms, above the limit of 20 ms"];
    await end("missed", JSON.stringify({ ...sampleResult, verdict: "Failed", reasons }), 1);
    const { status } = await untilReason("missed", "ThresholdsMissed");
    assert.deepEqual([status?.verdict, status?.reasons], ["Failed", reasons]);

    await create("later", { regression: { against: "missed" } });
    await untilReason("later", "Starting");
    const slower = { ...sampleResult.figures, latencyMs: { ...sampleResult.figures.latencyMs, p95: 19 } };
    await end("later", JSON.stringify({ ...sampleResult, figures: slower }), 0);
    await untilReason("later", "Regressed");

    await create("crashed");
    await untilReason("crashed", "Starting");
    await end("crashed", "Killed", 137);
    await untilReason("crashed", "JobFailed");
    await create("alone", { regression: { against: "missing" } });
    await untilReason("alone", "EarlierTestMissing");
  });

  it("do not run against a suspended service", async () => {
    await work.apply("upscaler", { suspend: true });
    await create("test");
    await untilReason("test", "ServiceSuspended");
    assert.equal(await work.get(jobType, "test"), undefined);
  });

  it("of live video wait until the service has it, and run with its token", async () => {
    await work.apply("upscaler", {});
    await work.untilReady("upscaler");
    await create("live", { scenario: "live", sessions: 2 });
    await untilReason("live", "LiveVideoDisabled");
    const tokenSecretRef = { name: "live", key: "token" };
    await work.apply("upscaler", { live: { enabled: true, service: { type: "ClusterIP" }, tokenSecretRef } });
    await untilReason("live", "Starting");
    const { spec } = (await work.get(jobType, "live")) as unknown as StoredJob;
    const [container] = spec.template.spec.containers;
    assert.deepEqual(container.env, [{ name: "GPUMEDIA_LIVE_TOKEN", valueFrom: { secretKeyRef: tokenSecretRef } }]);
    assert.ok(container.args.includes("--sessions=2"));
  });

  it("delete their Job when they are deleted while it runs", async () => {
    await work.apply("upscaler", {});
    await create("test");
    await untilReason("test", "Starting");
    await work.delete(loadTestType, "test");
    await work.untilGone(jobType, "test");
  });

  it("run after each rollout under the staging profile", async () => {
    const resources = { limits: { cpu: "1" } };
    await work.apply("upscaler", { profile: "staging", regression: { resources } });
    const first = await until("upscaler-r1", () => work.get(loadTestType, "upscaler-r1"));
    assert.deepEqual((first as StoredLoadTest).spec, {
      serviceRef: { name: "upscaler" },
      scenario: "baseline",
      resources,
    });
    // kwok completes the pod without a result, so that the next run has no figures to be compared with.
    await untilReason("upscaler-r1", "NoResult");
    await work.apply("upscaler", { profile: "staging", processing: { env: [{ name: "A", value: "b" }] } });
    await until("upscaler-r2", () => work.get(loadTestType, "upscaler-r2"));
  });

  it("bug: fail at once, with the reason of their Job, where a quota demands limits.cpu", async () => {
    await work.apply("upscaler", {});
    await work.untilReady("upscaler");
    await createQuota(work, "cpu", { "limits.cpu": "64" });
    await create("refused");
    const { status } = await untilReason("refused", "PodsForbidden");
    assert.equal(status?.verdict, "Error");
    assert.match(
      status.reasons?.[0] ?? "",
      /^Job refused cannot create its pod: pods ".*" is forbidden: failed quota: cpu: must specify limits\.cpu for: loadtest; set spec\.resources in a new test/,
    );
    await work.untilGone(jobType, "refused");

    await create("admitted", { resources: { limits: { cpu: 1 } } });
    await until("the pod of admitted", async (see) =>
      /Job admitted has not started: pod admitted-\w+ /.test(
        see((await untilReason("admitted", "Starting")).status?.conditions?.[0]?.message ?? ""),
      ),
    );
    await end("admitted", JSON.stringify(sampleResult), 0);
    await untilReason("admitted", "Passed");
  });

  it("bug: ran until the deadline beside an injected proxy; end when their client does", async () => {
    await work.apply("upscaler", {});
    await work.untilReady("upscaler");
    const proxy = { name: "istio-proxy", image: failingImages.pullFails };
    const rule = { apiGroups: [""], apiVersions: ["v1"], resources: ["pods"], operations: ["CREATE"] } as const;
    const patch = [
      { op: "add", path: "/spec/containers/-", value: proxy },
      // Without a node, kwok does not complete the pod.
      { op: "add", path: "/spec/schedulingGates", value: [{ name: "example.com/test" }] },
    ] as const;
    const spec = { containers: [{ name: "probe", image: "probe" }] };
    await startWebhook(work, rule, patch, {
      collection: `/api/v1/namespaces/${work.namespace}/pods`,
      object: { apiVersion: "v1", kind: "Pod", metadata: { name: "probe" }, spec },
      isPatched: (pod) => JSON.stringify(pod).includes("istio-proxy"),
    });
    await create("meshed");
    const pod = await until("the pod with a proxy", async (see) => {
      const labelSelector = "batch.kubernetes.io/job-name=meshed";
      const { items } = await work.client.list(pods, { namespace: work.namespace, labelSelector });
      return see(JSON.stringify(items[0] ?? "")).includes("istio-proxy") && items[0];
    });
    const now = new Date().toISOString();
    const status = (name: string, state: object, ready: boolean) => ({
      name,
      image: "x",
      imageID: "",
      ready,
      restartCount: 0,
      state,
    });
    const terminated = { exitCode: 0, message: JSON.stringify(sampleResult), startedAt: now, finishedAt: now };
    await work.patchPodStatus(pod.metadata.name, {
      phase: "Running",
      containerStatuses: [
        status("loadtest", { terminated }, false),
        status("istio-proxy", { running: { startedAt: now } }, true),
      ],
    });
    await untilReason("meshed", "Passed");
    await work.untilGone(jobType, "meshed");
  });

  it("wait while a quota is used up", async () => {
    await work.apply("upscaler", {});
    await work.untilReady("upscaler");
    await createQuota(work, "pods", { pods: "1" });
    await create("late");
    await untilReason("late", "QuotaExceeded");
    await work.delete(quotaType, "pods");
    await end("late", JSON.stringify(sampleResult), 0);
    await untilReason("late", "Passed");
  });

  it("cannot be changed", async () => {
    await create("test");
    await assert.rejects(
      work.patch(loadTestType, "test", [{ op: "add", path: "/spec/scenario", value: "stress" }]),
      /a load test runs once/,
    );
  });
});

interface StoredJob {
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly [{ readonly args: readonly string[]; readonly env: object }] };
    };
  };
}
