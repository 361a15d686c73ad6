/** Load tests that send real pictures: to a service that is fast enough, and to one that has become slower. */
import assert from "node:assert/strict";
import { loadTestType, type StoredLoadTest } from "@gpumedia/operator/src/loadtest/cache.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { until } from "../../cluster/until.ts";
import { fixed, loopWorkspace, withModule } from "./loop-cluster.ts";

/** The p95 limit, far above the latency of 10 concurrent pictures on a busy machine, and the delay in the slower service. */
const delayMs = 15_000;
const spec = { ...fixed(1), profile: "staging", gpu: { count: 1 }, slo: { latencyP95: `${delayMs}ms` } };
const slower = withModule(new URL("delay-pictures.ts", import.meta.url), "DELAY_PICTURES_MS", String(delayMs));

describe("a load test with a real processor", function () {
  this.timeout(450_000);
  const work = loopWorkspace("test");

  beforeEach(() => work.startOperator({ parameters: ["--utilization-interval=500ms"] }));

  async function finished(name: string): Promise<StoredLoadTest> {
    return until(
      `a verdict of ${name}`,
      async (see) => {
        const test = (await work.get(loadTestType, name)) as StoredLoadTest | undefined;
        return see(test?.status)?.verdict !== undefined && test;
      },
      { withinMs: 200_000, everyMs: 200 },
    );
  }

  const described = (name: string): Promise<string> =>
    work.cluster.kubectl("describe", "gpumedialoadtest", name, "-n", work.namespace);

  it("passes after the first rollout, and fails after one that made the service slower, with the latencies", async () => {
    await work.apply("upscaler", spec);
    const first = await finished("upscaler-r1");
    assert.equal(first.status?.verdict, "Passed", JSON.stringify(first.status));
    assert.deepEqual([first.status.figures?.requests, first.status.figures?.errorPercent], [100, 0]);
    const passed =
      /Message: +p95 [\d.]+ m?s, [\d.]+\/s; all thresholds are met[^]*Type: +Complete[^]*latencyP95Milliseconds: +[\d.]+/;
    assert.match(await described("upscaler-r1"), passed);

    await work.patch(serviceType, "upscaler", [{ op: "add", path: "/spec/processing", value: slower }]);
    const second = await finished("upscaler-r2");
    assert.deepEqual(second.spec.regression, { against: "upscaler-r1", tolerancePercent: 10 });
    const { verdict, reasons = [], conditions } = second.status ?? {};
    assert.deepEqual([verdict, conditions?.map(({ type }) => type)], ["Failed", ["Failed", "Stalled"]]);
    const all = reasons.join("\n");
    assert.match(all, /^p95 [\d.]+ s, limit 15 s$/m);
    assert.match(all, /^p95 [\d.]+ m?s, was [\d.]+ m?s in upscaler-r1, tolerance 10 %$/m);
    const failed = /Message: +p95 [\d.]+ s, limit 15 s; [^\n]+\n[^]*Type: +Failed[^]*latencyP95Milliseconds: +[\d.]+/;
    assert.match(await described("upscaler-r2"), failed);
  });
});
