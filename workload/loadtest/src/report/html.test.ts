import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import type { Result } from "../result/result.ts";
import { failed, load, passed, unreachable } from "../testing/results.ts";
import { htmlReport } from "./html.ts";
import { style } from "./style.ts";

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
  const documents = {
    passed: { result: passed() },
    failed: { result: failed() },
    unreachable: { result: unreachable },
  };
  for (const [name, { result }] of Object.entries(documents)) {
    it(`of a run that ${name} is the document in testdata/${name}.html (GOLDEN=write replaces it)`, () => {
      const file = new URL(`testdata/${name}.html`, import.meta.url);
      const report = htmlReport(result);
      // The style sheet is the same in all of them, and is not repeated there.
      const document = report.replace(style, "/* style.ts */");
      if (process.env["GOLDEN"] === "write") writeFileSync(file, document);
      assert.notEqual(document, report);
      assert.equal(document, readFileSync(file, "utf8"));
      assertWellFormed(report);
    });
  }

  const leftOut: Readonly<Record<string, { result: () => Result; missing: readonly string[] }>> = {
    "omits a timeline of less than three seconds": {
      result: () => ({
        ...passed(),
        details: { ...passed().details, timeline: passed().details.timeline.slice(0, 2) },
      }),
      missing: ["Over time"],
    },
    "omits the curve without an accepted response": {
      result: () => ({
        ...passed(),
        figures: { ...passed().figures, latencyMs: null },
        details: { ...passed().details, curve: [], serviceTimeCurve: [] },
      }),
      missing: ["Latency"],
    },
    "omits stages that the server does not report": {
      result: () => ({ ...passed(), stages: {} }),
      missing: ["Stages"],
    },
  };
  for (const [name, { result, missing }] of Object.entries(leftOut)) {
    it(name, () => {
      const report = htmlReport(result());
      assert.deepEqual(
        texts(report, "h2"),
        sections.filter((section) => !missing.includes(section)),
      );
      assertWellFormed(report);
    });
  }

  it("is self-contained: no script, no external resource", () => {
    for (const result of [passed(), failed(), unreachable]) {
      const report = htmlReport(result);
      assert.doesNotMatch(report, /<script|<link|<img|<iframe|\s(?:src|href|action)=|url\(|@import|\son\w+=/i);
      assert.match(report, /Content-Security-Policy" content="default-src 'none'/);
      assertWellFormed(report);
    }
  });

  it("escapes text from the server", () => {
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

  // A limit of 0 once had its mark at two thirds of the bar, where it meant nothing.
  it("marks a limit of 0 at the start of the bar", () => {
    const report = htmlReport(passed({ thresholds: [{ metric: "errors", limit: 0 }] }));
    assert.match(report, /<line class="stop" x1="0" x2="0"/);
    assert.match(report, /class="fill good" y="3" width="0"/);
  });

  it("has valid numbers in every chart of every run", () => {
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

  it("labels the limits that can be drawn in the scale of the curve", () => {
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
