/** prometheus-operator accepts our PodMonitor and rules, and a real Prometheus scrapes real processors by the configuration it writes. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { parse } from "yaml";
import { startCluster } from "../cluster/cluster.ts";
import { keepBusy } from "../cluster/process-node/client.ts";
import { shared } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { addressOf, fixed } from "../specs/loop/loop-cluster.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";
import {
  prometheusKey,
  PrometheusOperator,
  prometheusOperatorPrograms,
  prometheusOperatorUser,
} from "./prometheus-operator.ts";
import { quietSeconds, writesOfAQuietMinute, writesOfAnUpgrade } from "./writes.ts";

if (isPossible) await prometheusOperatorPrograms();

const cluster = shared(async () => {
  const started = await startCluster({ crds: true, privateNetwork: true });
  await started.addProcessNode({ gpus: 4, backOffMs: 500 });
  return started;
});

const name = "upscaler";
const patiently = { withinMs: 180_000 };
const { podMonitor, deployment } = childKinds;
const items = { metrics: "Resource utilization monitored", alerts: "Performance alerts active" } as const;

/** As of kube-prometheus-stack, which selects by its release. */
const labels = { matchLabels: { release: "stack" } };

function selecting(selector: object) {
  return {
    podMonitorSelector: selector,
    podMonitorNamespaceSelector: {},
    ruleSelector: selector,
    ruleNamespaceSelector: {},
  };
}

/** Rejects under load: one worker, and a queue that nothing may wait in. */
function specOf(scrapeInterval = "2s") {
  const { processing, ...others } = fixed(2);
  const env = [
    { name: "GPUMEDIA_WORKERS", value: "1" },
    { name: "GPUMEDIA_QUEUE_MAX_WAIT", value: "10ms" },
  ];
  return {
    ...others,
    gpu: { count: 1 },
    processing: { ...processing, env },
    monitoring: { labels: labels.matchLabels, scrapeInterval },
  };
}

describe("prometheus-operator 0.92.0", function () {
  this.timeout(600_000);
  skipUnlessPossible();
  const work = new Workspace();
  let operator: PrometheusOperator;

  before(async () => {
    await work.open(await cluster());
    const agent = work.cluster.network?.agent() ?? assert.fail("no private network");
    work.resources.defer(() => agent.destroy());
    await work.startOperator();
    await work.apply(name, specOf());
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    operator = await PrometheusOperator.start(work.cluster, agent, selecting(labels));
  });
  after(() => work[Symbol.asyncDispose]());

  /** Each test begins with both objects loaded, whatever the one before has left. */
  beforeEach(() => untilAccepted());

  async function untilItem(item: string, ...expected: readonly string[]): Promise<void> {
    await until(
      `${item} to be ${expected.join(" ")}`,
      async (see) => {
        const found = (await work.service(name))?.status?.guideChecklist?.find((one) => one.item === item);
        see(found);
        return expected.every((part) => Object.values(found ?? {}).some((value) => value.includes(part)));
      },
      patiently,
    );
  }

  /** Its own conditions of our PodMonitor and of the shared rules. */
  async function acceptance() {
    const { namespace, operatorNamespace } = work;
    const [monitors, rules] = await Promise.all([
      operator.acceptance("podmonitors", namespace),
      operator.acceptance("prometheusrules", operatorNamespace),
    ]);
    return { monitors, rules };
  }

  async function untilAccepted(): Promise<void> {
    await until(
      "both to be accepted and configured",
      async (see) => {
        const { monitors, rules } = see(await acceptance());
        const configured = [await job(), ...Object.keys(await operator.ruleFiles())];
        return [...monitors, ...rules].join() === "Accepted=True,Accepted=True" && see(configured).every(Boolean);
      },
      patiently,
    );
  }

  const jobName = (): string => `podMonitor/${work.namespace}/${name}/0`;

  async function job(): Promise<Readonly<Record<string, unknown>> | undefined> {
    const configuration = parse(await operator.configuration()) as {
      readonly scrape_configs?: readonly Readonly<Record<string, unknown>>[];
    } | null;
    return configuration?.scrape_configs?.find((one) => one["job_name"] === jobName());
  }

  async function untilScrapedEvery(interval: string): Promise<void> {
    const isConfigured = async (see: <T>(value: T) => T) => see(await job())?.["scrape_interval"] === interval;
    await until(`a job with an interval of ${interval}`, isConfigured, patiently);
  }

  it("accepts both objects, as the checklist reports, and configures a job and the rules", async () => {
    await untilItem(items.metrics, "Selected", `Prometheus ${prometheusKey} loads the PodMonitor`);
    await untilItem(items.alerts, "Selected", `Prometheus ${prometheusKey} loads the PrometheusRule`);
    await untilScrapedEvery("2s");
    assert.equal(Object.keys(await operator.ruleFiles()).length, 1);
  });

  it("loads neither while the checklist reports that its Prometheus selects others", async () => {
    await operator.select(selecting({ matchLabels: { release: "other" } }));
    for (const item of Object.values(items)) await untilItem(item, "NotSelected", "release=other");
    await until(
      "no job, no rules, and neither accepted",
      async (see) => {
        const { monitors, rules } = await acceptance();
        const loaded = [await job(), ...Object.keys(await operator.ruleFiles()), ...monitors, ...rules];
        return see(loaded).every((one) => one === undefined);
      },
      patiently,
    );
    await operator.select(selecting(labels));
  });

  it("configures a Prometheus that scrapes each pod, and records the targets of the service", async () => {
    await untilScrapedEvery("2s");
    await operator.runPrometheus();
    const pods = (samples: readonly { readonly labels: Readonly<Record<string, string>> }[]) =>
      samples.map(({ labels }) => labels["pod"] ?? "").toSorted();
    const list = (await work.cluster.rest.request("GET", `/api/v1/namespaces/${work.namespace}/pods`)) as {
      readonly items: readonly { readonly metadata: { readonly name: string } }[];
    };
    const expected = list.items.map(({ metadata }) => metadata.name).toSorted();
    assert.equal(expected.length, 2);
    const ofService = `{namespace="${work.namespace}",service="${name}"}`;
    for (const query of [`up{job="${work.namespace}/${name}"} == 1`, `gpumedia:pod:service${ofService}`]) {
      await until(
        `${query} for ${expected.join(", ")}`,
        async (see) => JSON.stringify(see(pods(await operator.query(query)))) === JSON.stringify(expected),
        patiently,
      );
    }
    await until(
      "a target of the service",
      async () => (await operator.query(`gpumedia:slo_latency_p95:seconds${ofService}`)).length === 1,
      patiently,
    );
  });

  it("lets an alert fire while requests are rejected, and end after it", async () => {
    await untilScrapedEvery("2s");
    await operator.runPrometheus();
    const firing = async (): Promise<readonly string[]> => {
      const query = `ALERTS{alertstate="firing",namespace="${work.namespace}",service="${name}"}`;
      return (await operator.query(query)).map(({ labels }) => labels["alertname"] ?? "");
    };
    const alert = "GpuMediaRequestsRejected";
    const agent = work.cluster.network?.agent() ?? assert.fail("no private network");
    const stop = keepBusy(await addressOf(work, name, agent), agent, 12);
    try {
      await until(`a firing ${alert}`, async (see) => see(await firing()).includes(alert), patiently);
    } finally {
      await stop();
      await agent.destroy();
    }
    await until(`no firing ${alert}`, async (see) => !see(await firing()).includes(alert), patiently);
  });

  it(`writes nothing that the operator writes back, for ${quietSeconds} s`, async () => {
    const { ours, theirs } = await writesOfAQuietMinute(work, prometheusOperatorUser);
    // It may write its own conditions, never our specs.
    const others = theirs.filter((write) => !/^\w+ \w+\/status /.test(write));
    assert.deepEqual({ ours, others }, { ours: [], others: [] });
  });

  it("follows a change that was made while it was stopped, which does not keep the service from being Ready", async () => {
    await operator.stop();
    await work.apply(name, specOf("3s"));
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    await operator.startAgain();
    await untilScrapedEvery("3s");
    await work.apply(name, specOf());
    await untilScrapedEvery("2s");
  });

  it("is not written to when our operator is upgraded", async () => {
    const generations = async () =>
      Promise.all([podMonitor, deployment].map(async ({ type }) => (await work.get(type, name))?.metadata.generation));
    const before = await generations();
    const writes = await writesOfAnUpgrade(work, async () => {
      await work.startOperator();
      await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    });
    assert.deepEqual([await generations(), writes], [before, []]);
  });

  it("may be missing, and come later: the checklist reports this, and the service stays Ready", async () => {
    await operator.uninstall();
    for (const item of Object.values(items)) await untilItem(item, "ApiMissing");
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    await operator.install(selecting(labels));
    await operator.startAgain();
    await untilAccepted();
    for (const item of Object.values(items)) await untilItem(item, "Selected");
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
  });
});
