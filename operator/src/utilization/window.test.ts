import assert from "node:assert/strict";
import { sampleReport } from "./report.sample.ts";
import { readReport, type Sample } from "./sample.ts";
import { UtilizationWindow, type ReportingPod } from "./window.ts";

const sample = readReport(JSON.stringify(sampleReport)) as Sample;
const freshMs = 36_000;
const podA: ReportingPod = { uid: "a", node: "gpu-1", service: "media/upscaler" };

describe("utilization window", () => {
  it("has no report, rather than zero, once the last one is too old", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin(podA, 0);
    window.report("a", sample, 1_000);
    assert.deepEqual(window.fresh("a", 1_000 + freshMs), { ...sample, at: 1_000 });
    assert.equal(window.fresh("a", 1_001 + freshMs), undefined);
    assert.deepEqual(window.recent("a", 1_001 + freshMs), []);
  });

  it("is silent once the report of a pod is overdue", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin(podA, 0);
    assert.equal(window.silent("a", freshMs), false);
    assert.equal(window.silent("a", freshMs + 1), true);
    window.report("a", sample, 40_000);
    assert.equal(window.silent("a", 40_000 + freshMs), false);
    assert.equal(window.silent("a", 40_001 + freshMs), true);
  });

  it("keeps no report that is older than a minute", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin(podA, 0);
    for (let at = 0; at <= 600_000; at += 15_000) window.report("a", sample, at);
    assert.equal(window.of("a")?.samples.length, 5);
    window.fail("a", "refuses connections", 700_000);
    assert.deepEqual([window.of("a")?.samples, window.of("a")?.problem], [[], "refuses connections"]);
  });

  it("ignores the late report of a pod that was forgotten", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin(podA, 0);
    window.forget("a");
    window.report("a", sample, 1);
    window.fail("a", "closes the connection", 2);
    assert.equal(window.of("a"), undefined);
    assert.equal(window.size, 0);
  });

  describe("with several pods", () => {
    const podB: ReportingPod = { uid: "b", node: "gpu-1", service: "media/thumbs" };
    const [gpu] = sample.gpus;
    const on = (...uuids: readonly string[]): Sample => ({
      ...sample,
      gpus: uuids.map((uuid) => ({ ...(gpu ?? assert.fail("the sample has no GPU")), uuid })),
    });
    let window: UtilizationWindow;
    const holders = (uuid: string, now: number, node = "gpu-1") =>
      window.holders(node, uuid, now).map(({ service }) => service);

    beforeEach(() => {
      window = new UtilizationWindow(freshMs);
      window.begin(podA, 0);
      window.begin(podB, 0);
    });

    it("has the pods that report one GPU, and both share it", () => {
      window.report("a", on("GPU-0", "GPU-1"), 0);
      assert.deepEqual([window.shares("a"), holders("GPU-1", 0)], [false, ["media/upscaler"]]);
      window.report("b", on("GPU-1"), 1_000);
      assert.deepEqual([window.shares("a"), window.shares("b")], [true, true]);
      assert.deepEqual(holders("GPU-1", 1_000), ["media/upscaler", "media/thumbs"]);
      assert.deepEqual(holders("GPU-0", 1_000), ["media/upscaler"]);
    });

    it("still shares once the neighbour has gone, as another one may come at any time", () => {
      window.report("a", on("GPU-0"), 0);
      window.report("b", on("GPU-0"), 0);
      window.forget("b");
      assert.deepEqual([window.shares("a"), holders("GPU-0", 0)], [true, ["media/upscaler"]]);
      window.forget("a");
      assert.deepEqual([window.shares("a"), holders("GPU-0", 0)], [false, []]);
    });

    it("does not share a GPU with a pod that was silent for long before", () => {
      window.report("a", on("GPU-0"), 0);
      window.report("b", on("GPU-0"), freshMs + 1);
      assert.deepEqual([window.shares("a"), window.shares("b")], [false, false]);
    });

    it("does not share with a pod of another node, whatever UUID that one claims", () => {
      window.begin({ uid: "c", node: "gpu-2", service: "evil/pod" }, 0);
      window.report("a", on("GPU-0"), 0);
      window.report("c", on("GPU-0"), 0);
      assert.deepEqual([window.shares("a"), holders("GPU-0", 0)], [false, ["media/upscaler"]]);
    });

    it("forgets a GPU that a pod no longer reports", () => {
      window.report("a", on("GPU-0"), 0);
      window.report("a", on("GPU-1"), 1_000);
      window.report("b", on("GPU-0"), 2_000);
      assert.deepEqual([window.shares("a"), window.shares("b")], [false, false]);
    });
  });
});
