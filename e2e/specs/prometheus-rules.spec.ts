/** The shared recording rules and alerts, evaluated by Prometheus' own engine on the series of real exporters. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sharedDashboard } from "../../operator/src/desired/dashboard.ts";
import { operatorDashboard } from "../../operator/src/desired/operator-dashboard.ts";
import { dashboardPlace } from "../../operator/src/desired/rule-set.ts";
import { sampleService } from "../../operator/src/desired/service.sample.ts";
import { serviceTargets } from "../../operator/src/desired/service-targets.ts";
import { sharedMonitoring } from "../../operator/src/desired/shared-monitoring.ts";
import { sharedRuleGroups } from "../../operator/src/desired/shared-rules.ts";
import { targetSeries } from "../../operator/src/desired/targets-rule.ts";
import type { EffectiveService } from "../../operator/src/effective/service.ts";
import { environment } from "../cluster/programs.ts";
import { tool } from "../cluster/tools.ts";
import { ruleAlerts, type RuleAlert } from "./prometheus-rules.alerts.ts";
import { ruleQueries } from "./prometheus-rules.queries.ts";
import { exportedTargets, otherPod, pod, podState, processor, type InputSeries } from "./prometheus-rules.series.ts";

const run = promisify(execFile);
const operatorNamespace = "gpumedia-system";
const highMemory = "a pod uses 5 GiB";
const context = { operatorNamespace, namespaces: [], runbookUrl: "https://example.com/alerts" };

describe("the shared Prometheus rules", function () {
  this.timeout(600_000);
  let promtool: string;
  let directory: string;

  before(async () => {
    promtool = await tool("promtool");
    directory = await mkdtemp(join(tmpdir(), "gpumedia-rules-"));
  });
  after(() => rm(directory, { recursive: true }));

  const cases = [...queryCases(), ...alertCases(), ...fleetCases(), twiceCase()];
  const fileOf = (index: number, kind: string): string => join(directory, `${index}.${kind}.json`);

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
    for (const [index, one] of cases.entries()) {
      const groups = groupsOf(one);
      const files = groups.map((_, file) => fileOf(index, `${file}.rules`));
      await Promise.all(groups.map((rules, file) => writeFile(files[file] ?? "", JSON.stringify(rules))));
      const input_series = [...one.series, ...(await podSeries(one))];
      const unit = {
        rule_files: files,
        evaluation_interval: "1m",
        tests: [{ interval: "1m", input_series, ...one.expected }],
      };
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
    ["services", serviceDashboard()],
    ["the operator", operatorDashboard()],
  ] as const) {
    it(`have valid queries in the dashboard of ${name}`, async () => {
      const { panels } = JSON.parse(json) as { panels: readonly { targets: readonly { expr: string }[] }[] };
      const rules = panels
        .flatMap(({ targets }) => targets)
        .map(({ expr }, index) => ({
          record: `panel:${index}`,
          expr: expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$(job|namespace|service)/g, ".*"),
        }));
      const file = join(directory, "panels.json");
      await writeFile(file, JSON.stringify({ groups: [{ name: "panels", rules }] }));
      await run(promtool, ["check", "rules", file]);
    });
  }

  it("have no finding of promtool's linter, in either scope", async () => {
    const own = sampleService({ monitoring: { scope: "Namespace" } }, "own");
    const sets = groupsOf({ services: [sampleService(), own], source: "pods" });
    for (const [index, rules] of sets.entries()) {
      const file = join(directory, `lint.${index}.json`);
      await writeFile(file, JSON.stringify(rules));
      await run(promtool, ["check", "rules", "--lint=all", "--lint-fatal", file]);
    }
    assert.equal(sets.length, 2);
  });

  it("have a case in which each alert fires, and one in which it does not", () => {
    const names = sharedRuleGroups({ rules: "", namespaces: [], others: [] }, "").flatMap(({ rules }) =>
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
      { firing: new Set(names), silent: new Set(names) },
    );
  });
});

/** How the targets of a service reach Prometheus. */
type Source =
  /** Its pods export them. */
  | "pods"
  /** Its pods have an older image: a PrometheusRule of the service records them. */
  | "rule"
  /** Nothing is scraped. */
  | "none";

interface Case {
  readonly title: string;
  /** The first one has the pods and the series. */
  readonly services: readonly [EffectiveService, ...EffectiveService[]];
  readonly source: Source;
  readonly series: readonly InputSeries[];
  /** Services whose targets one further pod exports. */
  readonly strange?: readonly string[];
  /** In the format of promtool. */
  readonly expected: object;
}

function groupsOf({ services, source }: Pick<Case, "services" | "source">): readonly object[] {
  const shared = sharedMonitoring(services, context)
    .filter(({ kind }) => kind === "PrometheusRule")
    .map((manifest) => (manifest as unknown as { spec: object }).spec);
  if (source !== "rule") return shared;
  return [...shared, { groups: [{ name: "older", rules: targetSeries(services[0], operatorNamespace) }] }];
}

/** Of both pods of the service: their targets, and what kube-state-metrics exports of them. */
async function podSeries({ services: [service], source, strange = [] }: Case): Promise<readonly InputSeries[]> {
  const targets = serviceTargets(service, operatorNamespace);
  const exported = {
    pods: (of: string) => exportedTargets(targets, of),
    rule: async (of: string) => [processor("up", "1x600", "", of)],
    none: async () => [],
  }[source];
  const series = await Promise.all([
    ...[pod, otherPod].map(exported),
    ...strange.map((name) => exportedTargets({ ...targets, service: name }, "strange-0")),
  ]);
  return [...series.flat(), ...[pod, otherPod].flatMap((of) => podState(of))];
}

function queryCases(): readonly Case[] {
  return Object.entries(ruleQueries).map(([title, { series, at = "5m", recorded }]) => ({
    title: `record ${title}`,
    services: [sampleService()],
    source: "pods",
    series,
    expected: {
      promql_expr_test: Object.entries(recorded).map(([expr, samples]) => ({
        expr,
        eval_time: at,
        exp_samples: Object.entries(samples).map(([labels, value]) => ({ labels: `${expr}${labels}`, value })),
      })),
    },
  }));
}

function alertCases(): readonly Case[] {
  return Object.entries(ruleAlerts).flatMap(([title, rule]) => {
    const { isScraped = true, spec, series, fires } = rule;
    const sources: readonly Source[] = isScraped ? (fires === undefined ? ["pods"] : ["pods", "rule"]) : ["none"];
    return sources.map((source): Case => {
      const where = source === "rule" ? ", for pods that export no targets" : "";
      return {
        title: `${fires === undefined ? "do not alert" : "alert"}: ${title}${where}`,
        services: [sampleService(spec)],
        source,
        series,
        expected: alertTest(rule),
      };
    });
  });
}

/** `fires`: whether the alert does as in the case. */
function alertTest({ at, alert, fires }: RuleAlert, isOn = true): object {
  const expected =
    fires === undefined || !isOn
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
  return { alert_rule_test: [{ eval_time: at, alertname: alert, exp_alerts: expected }] };
}

/** The service beside another one, by which the shared rules exist. */
function fleetCases(): readonly Case[] {
  const off = { monitoring: { alerts: false } };
  const own = { monitoring: { scope: "Namespace" } } as const;
  const cases: readonly (readonly [title: string, spec: GpuMediaServiceSpec, rule: string, isOn: boolean])[] = [
    ["a service that switches alerts off raises none, though others have them", off, highMemory, false],
    [
      "a service that switches alerts off raises none for missing metrics",
      off,
      "replicas are available, and none is scraped",
      false,
    ],
    [
      "one Prometheus that loads the rules of two teams raises each alert once",
      { monitoring: { labels: { release: "team" } } },
      highMemory,
      true,
    ],
    ["a namespace with rules of its own has no second alert from those of the cluster", own, highMemory, true],
  ];
  return cases.map(([title, spec, name, isOn]) => {
    const rule = ruleAlerts[name] ?? assert.fail(name);
    const deployed = { series: 'kube_deployment_spec_replicas{namespace="media",deployment="upscaler"}' };
    return {
      title: `are shared: ${title}`,
      services: [sampleService(spec), sampleService({}, "other")],
      source: rule.isScraped === false ? "none" : "pods",
      series: [...rule.series, { ...deployed, values: "2x600" }],
      expected: alertTest(rule, isOn),
    };
  });
}

function twiceCase(): Case {
  const rule = ruleAlerts[highMemory] ?? assert.fail(highMemory);
  return {
    title: "are evaluated for the others if a pod exports the targets of two services",
    services: [sampleService()],
    source: "pods",
    series: rule.series,
    strange: ["one", "another"],
    expected: alertTest(rule),
  };
}

function serviceDashboard(): string {
  const place = dashboardPlace(sampleService(), operatorNamespace);
  const { data } = sharedDashboard(place) as unknown as { data: Readonly<Record<string, string>> };
  return Object.values(data)[0] ?? "";
}
