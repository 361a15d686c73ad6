import assert from "node:assert/strict";
import type { Result } from "../result/result.ts";
import { failed, load, passed, unreachable } from "../testing/results.ts";
import { htmlReport } from "./html.ts";

/** The texts of all elements of a name, without the tags in them. */
function texts(report: string, element: string): string[] {
  const found = report.matchAll(new RegExp(`<${element}(?:\\s[^>]*)?>(.*?)</${element}\\s*>`, "gs"));
  return [...found].map(([, inner = ""]) => {
    const text = inner.replaceAll(/<[^>]*>/g, " ").replaceAll("&#39;", "'");
    return text.replaceAll(/\s+/g, " ").trim();
  });
}

/** Fails on an element that is closed twice, never, or in another one. */
function assertWellFormed(report: string): void {
  const open: string[] = [];
  for (const [, closing, name = "", selfClosing] of report.matchAll(/<(\/?)([a-z][\w]*)(?:\s[^<>]*?)?(\/?)>/gi)) {
    if (selfClosing || ["meta", "br"].includes(name)) continue;
    if (closing) assert.equal(open.pop(), name);
    else open.push(name);
  }
  assert.deepEqual(open, []);
}

const sections = ["Thresholds", "Latency", "Over time", "Stages", "How it was measured"];

describe("the report", () => {
  it("of a run that passed has its sections, figures and thresholds", () => {
    const report = htmlReport(passed());
    assert.deepEqual(texts(report, "h2"), sections);
    assert.deepEqual(texts(report, "title")[0], "Load test passed: http://upscaler.media/v1/process");
    assert.deepEqual(texts(report, "dt").slice(0, 6), ["accepted", "p50", "p95", "p99", "rejected", "failed"]);
    assert.deepEqual(texts(report, "dd").slice(0, 6), ["25.2 /s", "10 ms", "15 ms", "15 ms", "0 0 %", "0 0 %"]);
    assert.deepEqual(texts(report, "tr"), [
      "Figure Measured Limit",
      "✓ p95 15 ms ≤ 20 ms",
      "✓ errors 0 % ≤ 0 %",
      "Stage Mean p50 p95 Max",
      "queue 1 ms 1 ms 1 ms 1 ms",
      "inference 8 ms 8 ms 8 ms 8 ms",
    ]);
    assert.deepEqual(texts(report, "li"), ["p95", "p50, accepted"]);
  });

  it("of a run that failed says why, against what, and what to doubt", () => {
    const result = failed();
    const report = htmlReport(result);
    assert.deepEqual(texts(report, "h2"), [
      "Thresholds",
      "Against before.json",
      "Latency",
      "Over time",
      "Stages",
      "Failures",
      "How it was measured",
    ]);
    assert.deepEqual(texts(report, "li"), [
      ...result.reasons,
      ...result.warnings,
      "latency, from when the request was due",
      "service time, from when it was sent (dashed)",
      "p95",
      "p50, accepted",
      "failed",
      "rejected",
    ]);
    const rows = texts(report, "tr");
    assert.ok(rows.includes("✗ rps 25.2/s 20.1/s -20 %"), rows.join("\n"));
    assert.ok(rows.includes("timeout 10 no complete answer"), rows.join("\n"));
    assert.ok(
      texts(report, "dd").includes("p99 12 ms, at most 30 ms, by the client's own fault"),
      texts(report, "dd").join("\n"),
    );
  });

  it("of an unreachable target has the reason and no chart", () => {
    const report = htmlReport(unreachable);
    assert.deepEqual(texts(report, "li"), unreachable.reasons);
    assert.deepEqual(texts(report, "h2"), []);
    assert.ok(!report.includes("<svg"));
  });

  const leftOut: readonly { name: string; result: () => Result; missing: readonly string[] }[] = [
    {
      name: "no time line of less than three seconds",
      result: () => ({
        ...passed(),
        details: { ...passed().details, timeline: passed().details.timeline.slice(0, 2) },
      }),
      missing: ["Over time"],
    },
    {
      name: "no curve of no answer",
      result: () => ({
        ...passed(),
        figures: { ...passed().figures, latencyMs: null },
        details: { ...passed().details, curve: [], serviceTimeCurve: [] },
      }),
      missing: ["Latency"],
    },
    {
      name: "no stages that the server does not report",
      result: () => ({ ...passed(), stages: {} }),
      missing: ["Stages"],
    },
  ];
  for (const { name, result, missing } of leftOut) {
    it(name, () => {
      const report = htmlReport(result());
      assert.deepEqual(
        texts(report, "h2"),
        sections.filter((section) => !missing.includes(section)),
      );
      assertWellFormed(report);
    });
  }

  it("needs nothing but itself: no script, no address to load from", () => {
    for (const result of [passed(), failed(), unreachable]) {
      const report = htmlReport(result);
      assert.doesNotMatch(report, /<script|<link|<img|<iframe|\s(?:src|href|action)=|url\(|@import|\son\w+=/i);
      assert.match(report, /Content-Security-Policy" content="default-src 'none'/);
      assertWellFormed(report);
    }
  });

  it("shows what a server says and does nothing that it says", () => {
    const evil = `"><script>alert('x')</script><b a="`;
    const result = failed();
    const poisoned: Result = {
      ...result,
      target: evil,
      reasons: [evil],
      warnings: [evil],
      failures: [{ kind: "other", count: 1, example: evil }],
      stages: { [evil]: { mean: 1, p50: 1, p95: 1, max: 1 } },
      details: { ...result.details, pictures: [{ name: evil, format: evil, width: 1, height: 1, bytes: 1 }] },
    };
    const report = htmlReport(poisoned);
    assert.ok(!report.includes("<script"));
    assert.equal(report.split("&#60;script&#62;alert(&#39;x&#39;)&#60;/script&#62;").length - 1, 8);
    assertWellFormed(report);
  });

  it("has numbers where numbers belong, in every chart of every run", () => {
    const runs: Result[] = [
      passed(),
      failed(),
      failed({ thresholds: [{ metric: "p99.9", limit: 1e9 }] }),
      passed({
        load: { ...load, ratePerSecond: 5 },
        thresholds: [
          { metric: "p95", limit: 0.001 },
          { metric: "errors", limit: 0 },
        ],
      }),
    ];
    for (const run of runs) {
      const report = htmlReport(run);
      assert.doesNotMatch(report, /NaN|Infinity|undefined|\[object/);
      assert.doesNotMatch(report, /(?:width|height|r)="-/);
    }
  });

  it("names the limits in the curve when they can be drawn in its scale", () => {
    const limits: Result["thresholds"] = [
      { metric: "p95", limit: 14, actual: 15, met: false },
      { metric: "p50", limit: 900, actual: 10, met: true },
      { metric: "max", limit: 14, actual: 15, met: false },
    ];
    const labels = texts(htmlReport({ ...passed(), thresholds: limits }), "text").filter((text) =>
      text.includes("limit"),
    );
    assert.deepEqual(labels, ["p95 limit 14 ms"]);
  });
});
