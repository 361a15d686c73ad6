/** What pods report is told in the status, and a pod that lies or falls silent hurts nobody else. */
import assert from "node:assert/strict";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { pods, readyPods, report, ReportingPod } from "./reporting-pods.ts";
import { Workspace } from "./workspace.ts";

/** A fiftieth of the default. */
const parameters = ["--utilization-interval=300ms"];

describe("utilization", function () {
  this.timeout(120_000);
  let work: Workspace;
  let reporting: ReportingPod[];

  beforeEach(async () => {
    work = await Workspace.open(await operatorCluster());
    reporting = [];
  });
  afterEach(async () => {
    for (const pod of reporting) await pod[Symbol.asyncDispose]();
    await work[Symbol.asyncDispose]();
  });

  async function serve(name: string): Promise<void> {
    await work.apply(name, {});
    await work.untilReady(name);
    for (const pod of await readyPods(work, name, 2)) reporting.push(await ReportingPod.take(work, pod));
  }

  it("is told in the status as the pods report it", async () => {
    await work.startOperator({ parameters });
    await serve("upscaler");
    await work.untilCondition("upscaler", "MetricsReporting", { status: "True" });
    await work.untilCondition("upscaler", "SloMet", { status: "True", reason: "TargetsMet" });
    const { status } = (await work.service("upscaler")) ?? {};
    const { requestsPerSecond: _depends, observedTime, ...utilization } = status?.utilization ?? {};
    assert.match(observedTime ?? "", /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/);
    assert.deepEqual(
      {
        utilization,
        bottleneck: status?.bottleneck,
        gpu: status?.summary?.gpuUtilization,
        p95: status?.summary?.latencyP95,
      },
      {
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
      },
    );
    for (const pod of reporting) pod.answer = report({ requests: { latencyMs: { p50: 30, p95: 80, p99: 120 } } });
    await work.untilCondition("upscaler", "SloMet", { status: "False", reason: "LatencyAboveTarget", says: "80 ms" });
  });

  it("names the pod that lies, and goes on with the others", async () => {
    await work.startOperator({ parameters });
    await serve("upscaler");
    const [liar] = reporting;
    assert.ok(liar !== undefined);
    liar.answer = (_request, response) => void response.end(JSON.stringify(report({})).replace(":72,", ":1e999,"));
    await work.untilCondition("upscaler", "MetricsReporting", {
      status: "False",
      reason: "SomePodsSilent",
      says: `${liar.name} sends an invalid report`,
    });
    assert.equal((await work.service("upscaler"))?.status?.utilization?.pods, 1);
    for (const pod of reporting) pod.answer = (_request, response) => void response.writeHead(503).end();
    await work.untilCondition("upscaler", "MetricsReporting", { reason: "PodsSilent", says: "responds with HTTP 503" });
    const { observedTime: _time, ...figures } = (await work.service("upscaler"))?.status?.utilization ?? {};
    assert.deepEqual(figures, { pods: 0, band: "Unknown" });
  });

  it("is not said anew by an operator that was restarted", async () => {
    const first = await work.startOperator({ parameters });
    await serve("upscaler");
    await work.untilCondition("upscaler", "SloMet", { status: "True" });
    await first.end("SIGTERM");
    const since = Date.now();
    for (const pod of reporting) pod.answer = report({ gpuPercent: 20 });
    await work.startOperator({ parameters });
    for (const pod of reporting) await pod.untilAsked(8);
    assert.deepEqual(work.writes(since), []);
  });

  it("is not asked of a pod that only has the labels", async () => {
    await work.startOperator({ parameters });
    await serve("upscaler");
    const [real] = await readyPods(work, "upscaler", 2);
    const forged = await work.client.create(
      pods,
      {
        apiVersion: "v1",
        kind: "Pod",
        metadata: {
          name: "forged",
          namespace: work.namespace,
          labels: { ...real?.metadata.labels, "pod-template-hash": "forged" },
        },
        spec: { containers: [{ name: "gpu-media", image: "x" }] },
      } as never,
      { fieldManager: "somebody" },
    );
    const live = await until("the forged pod to be ready", async () => {
      return (await readyPods(work, "upscaler", 3)).find(({ metadata }) => metadata.uid === forged.metadata.uid);
    });
    const taken = await ReportingPod.take(work, live);
    reporting.push(taken);
    for (const pod of reporting.filter((one) => one !== taken)) await pod.untilAsked(12);
    assert.equal(taken.asked, 0);
  });
});
