/** The recording rules and alerts of a service, evaluated by Prometheus' own engine on the series of real exporters. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { dashboard } from "../../operator/src/desired/dashboard.ts";
import { operatorDashboard } from "../../operator/src/desired/operator-dashboard.ts";
import { ruleGroups } from "../../operator/src/desired/prometheus-rule.ts";
import { sampleService } from "../../operator/src/desired/service.sample.ts";
import { tool } from "../cluster/tools.ts";
import { ruleAlerts } from "./prometheus-rules.alerts.ts";
import { ruleQueries } from "./prometheus-rules.queries.ts";

const run = promisify(execFile);

describe("Prometheus rules of a service", function () {
  this.timeout(600_000);
  let promtool: string;
  let directory: string;

  before(async () => {
    promtool = await tool("promtool");
    directory = await mkdtemp(join(tmpdir(), "gpumedia-rules-"));
  });
  after(() => rm(directory, { recursive: true }));

  /** Fails with promtool's message if a rule has another result. */
  async function evaluate(name: string, spec: GpuMediaServiceSpec, test: object): Promise<void> {
    const rules = join(directory, `${name}.rules.json`);
    const tests = join(directory, `${name}.test.json`);
    await writeFile(rules, JSON.stringify({ groups: ruleGroups(sampleService(spec), "https://example.com/alerts") }));
    await writeFile(
      tests,
      JSON.stringify({ rule_files: [rules], evaluation_interval: "1m", tests: [{ interval: "1m", ...test }] }),
    );
    await run(promtool, ["test", "rules", tests]).catch((error: { stdout: string; stderr: string }) => {
      assert.fail(`${error.stdout}\n${error.stderr}`);
    });
  }

  for (const [index, [title, { series, at = "5m", recorded }]] of Object.entries(ruleQueries).entries()) {
    it(`records ${title}`, async () => {
      await evaluate(
        `query-${index}`,
        {},
        {
          input_series: series,
          promql_expr_test: Object.entries(recorded).map(([expr, samples]) => ({
            expr,
            eval_time: at,
            exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels: `${expr}${labels}`, value })),
          })),
        },
      );
    });
  }

  for (const [index, [title, { spec = {}, series, at, alert, fires }]] of Object.entries(ruleAlerts).entries()) {
    it(`${fires === undefined ? "does not alert" : "alerts"}: ${title}`, async () => {
      const expected =
        fires === undefined
          ? []
          : [
              {
                exp_labels: { namespace: "media", service: "upscaler", severity: fires.severity, ...fires.labels },
                exp_annotations: {
                  summary: `media/upscaler: ${fires.summary}`,
                  description: fires.description,
                  runbook_url: `https://example.com/alerts#${alert.toLowerCase()}`,
                },
              },
            ];
      await evaluate(`alert-${index}`, spec, {
        input_series: series,
        alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }],
      });
    });
  }

  for (const [name, json] of [
    ["a service", serviceDashboard()],
    ["the operator", operatorDashboard()],
  ] as const) {
    it(`has only valid queries in the dashboard of ${name}`, async () => {
      const { panels } = JSON.parse(json) as { panels: readonly { targets: readonly { expr: string }[] }[] };
      const rules = panels
        .flatMap(({ targets }) => targets)
        .map(({ expr }, index) => ({
          record: `panel:${index}`,
          expr: expr.replaceAll("$__rate_interval", "5m").replaceAll("$job", ".*"),
        }));
      const file = join(directory, "panels.json");
      await writeFile(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
      await run(promtool, ["check", "rules", file]);
    });
  }

  it("has a case in which each alert fires, and one in which it does not", () => {
    const alerts = ruleGroups(sampleService(), "").flatMap(({ rules }) =>
      rules.flatMap((rule) => ("alert" in rule ? [rule.alert] : [])),
    );
    const tested = (firing: boolean) =>
      new Set(
        Object.values(ruleAlerts)
          .filter(({ fires }) => (fires !== undefined) === firing)
          .map(({ alert }) => alert),
      );
    assert.deepEqual(
      { firing: tested(true), silent: tested(false) },
      { firing: new Set(alerts), silent: new Set(alerts) },
    );
  });
});

function serviceDashboard(): string {
  const { data } = dashboard(sampleService()) as unknown as { data: Readonly<Record<string, string>> };
  return Object.values(data)[0] ?? "";
}
