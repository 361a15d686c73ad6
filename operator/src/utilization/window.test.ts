import assert from "node:assert/strict";
import { sampleReport } from "./report.sample.ts";
import { readReport, type Sample } from "./sample.ts";
import { UtilizationWindow } from "./window.ts";

const sample = readReport(JSON.stringify(sampleReport)) as Sample;
const freshMs = 36_000;

describe("utilization window", () => {
  it("has no report, rather than zero, once the last one is too old", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin("a", 0);
    window.report("a", sample, 1_000);
    assert.deepEqual(window.fresh("a", 1_000 + freshMs), { ...sample, at: 1_000 });
    assert.equal(window.fresh("a", 1_001 + freshMs), undefined);
    assert.deepEqual(window.recent("a", 1_001 + freshMs), []);
  });

  it("is silent once the report of a pod is overdue", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin("a", 0);
    assert.equal(window.silent("a", freshMs), false);
    assert.equal(window.silent("a", freshMs + 1), true);
    window.report("a", sample, 40_000);
    assert.equal(window.silent("a", 40_000 + freshMs), false);
    assert.equal(window.silent("a", 40_001 + freshMs), true);
  });

  it("keeps no report that is older than a minute", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin("a", 0);
    for (let at = 0; at <= 600_000; at += 15_000) window.report("a", sample, at);
    assert.equal(window.of("a")?.samples.length, 5);
    window.fail("a", "refuses connections", 700_000);
    assert.deepEqual(window.of("a"), { polledSince: 0, samples: [], problem: "refuses connections" });
  });

  it("ignores the late report of a pod that was forgotten", () => {
    const window = new UtilizationWindow(freshMs);
    window.begin("a", 0);
    window.forget("a");
    window.report("a", sample, 1);
    window.fail("a", "closes the connection", 2);
    assert.equal(window.of("a"), undefined);
    assert.equal(window.size, 0);
  });
});
