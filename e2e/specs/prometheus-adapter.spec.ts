/** The rules for prometheus-adapter in docs/metrics-api.md, with the queries that the adapter would send to Prometheus. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { podMetrics } from "@gpumedia/operator/src/metrics-api/pod-metrics.ts";
import { parse } from "yaml";
import { tool } from "../cluster/tools.ts";
import { fencesOf, readPage } from "../docs/pages.ts";

interface Rule {
  readonly seriesQuery: string;
  readonly resources: { readonly overrides: Readonly<Record<string, { readonly resource: string }>> };
  readonly name: { readonly as: string };
  readonly metricsQuery: string;
}

const [shown = ""] = fencesOf(readPage("docs/metrics-api.md"))
  .filter(({ text }) => text.includes("metricsQuery"))
  .map(({ text }) => text);
const { rules } = parse(shown) as { readonly rules: { readonly default: boolean; readonly custom: readonly Rule[] } };

/** Fills in the template as the adapter does when an autoscaler reads the metric of two pods. */
function queryOf({ seriesQuery, metricsQuery }: Rule): string {
  return metricsQuery
    .replaceAll("<<.Series>>", seriesQuery.slice(0, seriesQuery.indexOf("{")))
    .replaceAll("<<.LabelMatchers>>", 'namespace="media",pod=~"a|b"')
    .replaceAll("<<.GroupBy>>", "pod");
}

const of = (series: string, pod: string, values: string, more = "") => ({
  series: `${series}{namespace="media",pod="${pod}"${more}}`,
  values,
});
const series = [
  of("gpumedia_gpu_utilization_percent", "a", "40x10", ',gpu="0"'),
  of("gpumedia_gpu_utilization_percent", "a", "60x10", ',gpu="1"'),
  // Its target has disappeared: Prometheus marks the series as stale, and the result has no value for the pod.
  of("gpumedia_gpu_utilization_percent", "b", "70 stale _x9", ',gpu="0"'),
  of("gpumedia_gpu_utilization_percent", "c", "90x10", ',gpu="0"'),
  of("gpumedia_busy_percent", "a", "40x10"),
  of("gpumedia_busy_percent", "b", "70 stale _x9"),
  of("gpumedia_live_sessions", "a", "2x10", ',kind="publish"'),
  of("gpumedia_live_sessions", "a", "3x10", ',kind="view"'),
  of("gpumedia_live_dropped_percent", "a", "4x10"),
  of("gpumedia_queue_depth", "a", "7x10"),
  of("gpumedia_queue_depth", "b", "0x10"),
  of("gpumedia_sessions", "a", "3x10"),
  of("concurrent_gpu_operations", "a", "2x10"),
];
const expected: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  gpumedia_gpu_utilization_percent: { a: 50 },
  gpumedia_busy_percent: { a: 40 },
  gpumedia_live_sessions: { a: 5 },
  gpumedia_live_dropped_percent: { a: 4 },
  gpumedia_queue_depth: { a: 7, b: 0 },
  gpumedia_active_sessions: { a: 5 },
};

describe("the rules for prometheus-adapter", function () {
  this.timeout(600_000);
  let promtool: string;
  let directory: string;

  before(async () => {
    promtool = await tool("promtool");
    directory = await mkdtemp(join(tmpdir(), "gpumedia-adapter-"));
  });
  after(() => rm(directory, { recursive: true }));

  it("have the names of the operator's pod metrics, and switch off the adapter's default rules", () => {
    assert.equal(rules.default, false);
    assert.deepEqual(
      new Set(rules.custom.map(({ name }) => name.as)),
      new Set([...podMetrics.keys()].filter((name) => name !== "gpumedia_p95_milliseconds")),
    );
    for (const { resources } of rules.custom) {
      assert.deepEqual(resources.overrides, { namespace: { resource: "namespace" }, pod: { resource: "pod" } });
    }
  });

  for (const rule of rules.custom) {
    it(`return ${rule.name.as} of the requested pods that have a value`, async () => {
      const file = join(directory, `${rule.name.as}.json`);
      const samples = Object.entries(expected[rule.name.as] ?? assert.fail("no expected values"));
      const test = {
        interval: "1m",
        input_series: series,
        promql_expr_test: [
          {
            expr: queryOf(rule),
            eval_time: "5m",
            exp_samples: samples.map(([pod, value]) => ({ labels: `{pod="${pod}"}`, value })),
          },
        ],
      };
      await writeFile(file, JSON.stringify({ rule_files: [], evaluation_interval: "1m", tests: [test] }));
      await promisify(execFile)(promtool, ["test", "rules", file]).catch(
        ({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }) =>
          assert.fail(`${stdout}\n${stderr}`),
      );
    });
  }
});
