/** The status has what pods report. A pod with an invalid report or none does not affect the others. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { pods, podsOf, readyPods, report, ReportingPod, serveReporting } from "./reporting-pods.ts";

const parameters = ["--utilization-interval=300ms"];

describe("utilization", () => {
  const work = operatorWorkspace("test", { parameters });

  it("is reported in the status", async () => {
    const reporting = await serveReporting(work, "upscaler");
    await work.untilCondition("upscaler", "MetricsReporting", { status: "True" });
    await work.untilCondition("upscaler", "SloMet", { status: "True", reason: "TargetsMet" });
    const expected = {
      utilization: {
        pods: 2,
        gpuPercent: 72,
        gpuMemoryPercent: 25,
        band: "Within",
        latencyP95Milliseconds: 14,
        queueDepth: 4,
        activeSessions: 14,
      },
      bottleneck: "None",
      gpu: "72%",
      p95: "14ms",
    };
    // A pod whose report a busy machine delays is missing for a moment.
    await until("the figures of both pods", async (see) => {
      const { bottleneck, summary, utilization: all = {} } = (await work.service("upscaler"))?.status ?? {};
      const { requestsPerSecond: _depends, observedTime = "", ...utilization } = all;
      const shown = { utilization, bottleneck, gpu: summary?.gpuUtilization, p95: summary?.latencyP95 };
      return isDeepStrictEqual(see(shown), expected) && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(observedTime);
    });
    for (const pod of reporting) pod.answer = report({ requests: { latencyMs: { p50: 30, p95: 80, p99: 120 } } });
    await work.untilCondition("upscaler", "SloMet", {
      status: "False",
      reason: "LatencyAboveTarget",
      message: "80 ms",
    });
  });

  it("shows that one pod does all the work while another idles, with the hash of the Ingress as the likely cause", async () => {
    const ingress = { enabled: true, host: "media.example.com", hashBy: "$request_uri" };
    const spec = { replicas: 2, autoscaling: { horizontal: { enabled: false } }, network: { ingress } };
    const [busy, idle] = await serveReporting(work, "upscaler", spec);
    assert.ok(busy !== undefined && idle !== undefined);
    busy.answer = report({ gpuPercent: 97, busyPercent: 99 });
    idle.answer = report({ gpuPercent: 0, busyPercent: 1 });
    // The reports of a whole minute count.
    const skewed = { status: "False", reason: "LoadSkewed", message: `pods above 80 % (${busy.name})` } as const;
    await work.untilCondition("upscaler", "SloMet", skewed, { withinMs: 100_000 });
    const { bottleneck, conditions = [] } = (await work.service("upscaler"))?.status ?? {};
    assert.equal(bottleneck, "Skew");
    assert.match(
      conditions.find(({ type }) => type === "SloMet")?.message ?? "",
      /network\.ingress\.hashBy \$request_uri/,
    );
    for (const pod of [busy, idle]) pod.answer = report({ gpuPercent: 72, busyPercent: 70 });
    await until("no skew", async (see) => see((await work.service("upscaler"))?.status?.bottleneck) !== "Skew", {
      withinMs: 100_000,
    });
  });

  it("names the pod with an invalid report, and uses the other reports", async () => {
    const reporting = await serveReporting(work, "upscaler");
    const [invalid] = reporting;
    assert.ok(invalid !== undefined);
    invalid.answer = (_request, response) => void response.end(JSON.stringify(report({})).replace(":72,", ":1e999,"));
    await work.untilCondition("upscaler", "MetricsReporting", {
      status: "False",
      reason: "SomePodsSilent",
      message: `${invalid.name} sends an invalid report`,
    });
    await until("the figures of the other pod", async (see) => {
      return see((await work.service("upscaler"))?.status?.utilization)?.pods === 1;
    });
    for (const pod of reporting) pod.answer = (_request, response) => void response.writeHead(503).end();
    await work.untilCondition("upscaler", "MetricsReporting", {
      reason: "PodsSilent",
      message: "responds with HTTP 503",
    });
    await until("no figures", async (see) => {
      const { observedTime: _time, ...figures } = (await work.service("upscaler"))?.status?.utilization ?? {};
      return isDeepStrictEqual(see(figures), { pods: 0, band: "Unknown" });
    });
  });

  it("names the pod that has lost its GPU and still serves, until the GPU is back", async () => {
    const [lost] = await serveReporting(work, "upscaler");
    assert.ok(lost !== undefined);
    const answer = report({});
    const [gpu] = answer.gpus.devices;
    const unavailable = "GPU_IS_LOST: nvmlDeviceGetHandleByIndex_v2: GPU is lost (GPU_IS_LOST)";
    lost.answer = { ...answer, gpus: { ...answer.gpus, devices: [{ ...(gpu ?? assert.fail()), unavailable }] } };
    await work.untilCondition("upscaler", "Ready", {
      status: "True",
      reason: "Degraded",
      message: `pod ${lost.name} is ready although it has lost GPU 0 (GPU-0`,
    });
    lost.answer = answer;
    await work.untilCondition("upscaler", "Ready", { status: "True", reason: "Serving" });
  });

  it("keeps Karpenter from disrupting pods with sessions, and only as long as they have some", async () => {
    const resourceName = "example.com/karpenter-gpu";
    const nodes = await work.cluster.addNodes({
      gpus: 2,
      gpuResource: resourceName,
      labels: { "karpenter.sh/nodepool": "gpus" },
      namePrefix: "karpenter",
    });
    work.resources.defer(() => work.cluster.removeNodes(nodes));
    const reporting = await serveReporting(work, "upscaler", { gpu: { resourceName } });
    const untilProtected = async (expected: string | undefined): Promise<void> => {
      await until(`do-not-disrupt to be ${expected}`, async (see) => {
        const found = (await podsOf(work, "upscaler")).map(
          ({ metadata }) => metadata.annotations?.["karpenter.sh/do-not-disrupt"],
        );
        return see(found).every((value) => value === expected);
      });
    };
    await untilProtected("true");
    for (const pod of reporting) pod.answer = { ...report({}), sessions: 0 };
    await untilProtected(undefined);
  });

  it("is not rewritten by a restarted operator", async () => {
    // Without an HPA, whose first status after 15 s would be a write of its own.
    const reporting = await serveReporting(work, "upscaler", {
      replicas: 2,
      autoscaling: { horizontal: { enabled: false } },
    });
    await work.untilCondition("upscaler", "SloMet", { status: "True" });
    await work.untilCondition("upscaler", "MetricsReporting", { status: "True" });
    // What the first operator has not written yet, such as the item of the shared rules, the second one would write.
    await work.untilQuiet();
    await work.operator.end("SIGTERM");
    const since = Date.now();
    for (const pod of reporting) pod.answer = report({ gpuPercent: 20 });
    await work.startOperator({ parameters });
    for (const pod of reporting) await pod.untilRequested(8);
    assert.deepEqual(work.writes(since), []);
  });

  it("is not collected from a pod that only has the labels", async () => {
    const reporting = await serveReporting(work, "upscaler");
    const [real] = await readyPods(work, "upscaler", 2);
    const labels = { ...real?.metadata.labels, "pod-template-hash": "forged" };
    const spec = { containers: [{ name: "gpu-media", image: "x" }] };
    const forged = await work.createObject(pods, "forged", { spec }, { labels });
    const live = await until("the forged pod to be ready", async () => {
      return (await readyPods(work, "upscaler", 3)).find(({ metadata }) => metadata.uid === forged.metadata.uid);
    });
    const forgedPod = await ReportingPod.open(work, live);
    for (const pod of reporting) await pod.untilRequested(12);
    assert.equal(forgedPod.requests, 0);
  });
});
