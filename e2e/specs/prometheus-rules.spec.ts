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
import { environment } from "../cluster/programs.ts";
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

  const cases = [...queryCases(), ...alertCases()];
  const fileOf = (index: number, kind: "rules" | "test"): string => join(directory, `${index}.${kind}.json`);

  /** Fails with promtool's message if a rule has another result. */
  async function evaluate(...indices: readonly number[]): Promise<void> {
    const files = indices.map((index) => fileOf(index, "test"));
    await run(promtool, ["test", "rules", ...files], { env: { ...process.env, ...environment } }).catch(
      (error: { stdout: string; stderr: string }) => {
        assert.fail(`${error.stdout}\n${error.stderr}`);
      },
    );
  }

  let allHold: boolean;

  // One promtool starts instead of fifty. Only if a case fails, each is evaluated alone, for its own message.
  before(async () => {
    for (const [index, { spec, test }] of cases.entries()) {
      const groups = ruleGroups(sampleService(spec), "https://example.com/alerts");
      const tests = [{ interval: "1m", ...test }];
      const unit = { rule_files: [fileOf(index, "rules")], evaluation_interval: "1m", tests };
      await writeFile(fileOf(index, "rules"), JSON.stringify({ groups }));
      await writeFile(fileOf(index, "test"), JSON.stringify(unit));
    }
    allHold = await evaluate(...cases.keys()).then(
      () => true,
      () => false,
    );
  });

  for (const [index, { title }] of cases.entries()) {
    it(title, async () => {
      if (!allHold) await evaluate(index);
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

interface Case {
  readonly title: string;
  readonly spec: GpuMediaServiceSpec;
  /** In the format of promtool. */
  readonly test: object;
}

function queryCases(): readonly Case[] {
  return Object.entries(ruleQueries).map(([title, { series, at = "5m", recorded }]) => ({
    title: `records ${title}`,
    spec: {},
    test: {
      input_series: series,
      promql_expr_test: Object.entries(recorded).map(([expr, samples]) => ({
        expr,
        eval_time: at,
        exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels: `${expr}${labels}`, value })),
      })),
    },
  }));
}

function alertCases(): readonly Case[] {
  return Object.entries(ruleAlerts).map(([title, { spec = {}, series, at, alert, fires }]) => ({
    title: `${fires === undefined ? "does not alert" : "alerts"}: ${title}`,
    spec,
    test: {
      input_series: series,
      alert_rule_test: [
        {
          eval_time: at,
          alertname: alert,
          exp_alerts:
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
                ],
        },
      ],
    },
  }));
}

function serviceDashboard(): string {
  const { data } = dashboard(sampleService()) as unknown as { data: Readonly<Record<string, string>> };
  return Object.values(data)[0] ?? "";
}
