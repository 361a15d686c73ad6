/** Load tests that really send their pictures: to a service that is fast enough, and to one that has become slower. */
import assert from "node:assert/strict";
import { loadTestType, type StoredLoadTest } from "@gpumedia/operator/src/loadtest/cache.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { until } from "../../cluster/until.ts";
import { loopWorkspace, quick } from "./loop-cluster.ts";

/** Far from what ten pictures at a time take, on a busy machine, too; and what some take longer in the slow service. */
const delayMs = 15_000;
const spec = {
  ...quick,
  profile: "staging",
  gpu: { count: 1 },
  autoscaling: { horizontal: { enabled: false } },
  replicas: 1,
  slo: { latencyP95: `${delayMs}ms` },
};
const slower = {
  ...quick.processing,
  env: [
    ...quick.processing.env,
    { name: "NODE_OPTIONS", value: `--import=${new URL("delay-pictures.ts", import.meta.url).href}` },
    { name: "DELAY_PICTURES_MS", value: String(delayMs) },
  ],
};

describe("a load test with a real processor", function () {
  this.timeout(450_000);
  const work = loopWorkspace("test");

  beforeEach(() => work.startOperator({ parameters: ["--utilization-interval=500ms"] }));

  async function ended(name: string): Promise<StoredLoadTest> {
    const look = async (): Promise<StoredLoadTest | undefined> => {
      const test = (await work.get(loadTestType, name)) as StoredLoadTest | undefined;
      return test?.status?.verdict === undefined ? undefined : test;
    };
    return until(`the end of ${name}`, look, { withinMs: 200_000, everyMs: 200 });
  }

  const described = (name: string): Promise<string> =>
    work.cluster.kubectl("describe", "gpumedialoadtest", name, "-n", work.namespace);

  it("passes after the first rollout, and fails after one that made the service slower, with the figures", async () => {
    await work.apply("upscaler", spec);
    const first = await ended("upscaler-r1");
    assert.equal(first.status?.verdict, "Passed", JSON.stringify(first.status));
    assert.deepEqual([first.status.figures?.requests, first.status.figures?.errorPercent], [100, 0]);
    const saysPassed =
      /Message: +p95 [\d.]+ m?s, [\d.]+\/s; all thresholds are met[^]*Type: +Complete[^]*latencyP95Milliseconds: +[\d.]+/;
    assert.match(await described("upscaler-r1"), saysPassed);

    await work.patch(serviceType, "upscaler", [{ op: "add", path: "/spec/processing", value: slower }]);
    const second = await ended("upscaler-r2");
    assert.deepEqual(second.spec.regression, { against: "upscaler-r1", tolerancePercent: 10 });
    const { verdict, reasons = [], conditions } = second.status ?? {};
    assert.deepEqual([verdict, conditions?.map(({ type }) => type)], ["Failed", ["Failed", "Stalled"]]);
    const says = [/^p95 [\d.]+ s, limit 15 s$/, /^p95 [\d.]+ m?s, was [\d.]+ m?s in upscaler-r1, tolerance 10 %$/];
    for (const words of says)
      assert.ok(
        reasons.some((reason) => words.test(reason)),
        reasons.join("\n"),
      );
    // As a reader finds it: in one line with the condition, and among the figures.
    const saysFailed =
      /Message: +p95 [\d.]+ s, limit 15 s; [^\n]+\n[^]*Type: +Failed[^]*latencyP95Milliseconds: +[\d.]+/;
    assert.match(await described("upscaler-r2"), saysFailed);
  });
});
