/** The HPA scales our services on the metrics that prometheus-adapter makes, by the documented rules, of what Prometheus scraped. */
import assert from "node:assert/strict";
import { startCluster } from "../cluster/cluster.ts";
import { Prometheus } from "../cluster/real-node/prometheus.ts";
import { shared } from "../cluster/shared.ts";
import { tool } from "../cluster/tools.ts";
import { until } from "../cluster/until.ts";
import { byGpusAtOnce, quick } from "../specs/loop/loop-cluster.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";
import { PrometheusAdapter, prometheusAdapterPrograms, prometheusAdapterUser } from "./prometheus-adapter.ts";
import { ScaledService } from "./scaled-service.ts";
import { quietSeconds, writesOfAQuietMinute } from "./writes.ts";

if (isPossible) {
  await prometheusAdapterPrograms();
  await tool("prometheus");
}

const cluster = shared(async () => {
  const started = await startCluster({
    crds: true,
    optionalCrds: ["podmonitor", "prometheusrule"],
    privateNetwork: true,
    horizontalPodAutoscalerSyncPeriod: "1s",
  });
  await started.addProcessNode({ gpus: 4, backOffMs: 500 });
  return started;
});

const name = "upscaler";
const patiently = { withinMs: 240_000 };
const metric = "gpumedia_gpu_utilization_percent";

/** By the GPUs alone: there is no metrics-server. */
const spec = { ...quick, gpu: { count: 1 }, monitoring: { scrapeInterval: "2s" }, autoscaling: byGpusAtOnce };

describe("prometheus-adapter 0.12.0", function () {
  this.timeout(600_000);
  skipUnlessPossible();
  const work = new Workspace();
  const scaled = new ScaledService(work, name);
  let adapter: PrometheusAdapter;

  before(async () => {
    await work.open(await cluster());
    // It serves no metrics itself.
    await work.startOperator();
    await work.apply(name, spec);
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    const agent = work.cluster.network?.agent() ?? assert.fail("no private network");
    work.resources.defer(() => agent.destroy());
    await Prometheus.start(work.cluster, agent);
    adapter = await PrometheusAdapter.start(work.cluster);
  });
  after(() => work[Symbol.asyncDispose]());

  beforeEach(() => scaled.untilIdle());

  it("adds a pod on the utilization of the GPUs under load, and removes it after the load", async () => {
    await scaled.getsAPodUnderLoad();
  });

  it("serves each metric of the documented rules, for each pod", async () => {
    const metrics = [metric, "gpumedia_busy_percent", "gpumedia_queue_depth", "gpumedia_active_sessions"];
    for (const one of metrics) {
      const path = `/apis/custom.metrics.k8s.io/v1beta1/namespaces/${work.namespace}/pods/*/${one}`;
      await until(
        `${one} of the pod`,
        async (see) => {
          const answer = (await work.cluster.rest.request("GET", path).catch(String)) as
            | string
            | { readonly items: readonly { readonly metricName: string; readonly value: string }[] };
          return typeof see(answer) !== "string" && (answer as { items: readonly object[] }).items.length === 1;
        },
        patiently,
      );
    }
  });

  it("keeps the replicas and the service Ready while it is stopped, as ScalingReady reports", async () => {
    await scaled.keepsItsReplicasWithout(adapter);
  });

  it(`writes nothing, and leaves the operator nothing to write, for ${quietSeconds} s`, async () => {
    assert.deepEqual(await writesOfAQuietMinute(work, prometheusAdapterUser), { ours: [], theirs: [] });
  });

  it("is read on when our operator is upgraded", async () => {
    await scaled.survivesAnUpgradeOfTheOperator();
  });
});
