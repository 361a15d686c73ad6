/** What is rendered for monitoring, used: the exporter reads our list, Prometheus scrapes by our PodMonitor and evaluates our rules. */
import assert from "node:assert/strict";
import { dcgmExporter } from "../../cluster/real-node/dcgm/exporter.ts";
import { Prometheus, type Sample } from "../../cluster/real-node/prometheus.ts";
import { sendPicture } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { addressOf } from "../loop/loop-cluster.ts";
import type { Workspace } from "../operator/workspace.ts";
import { podsOf, quick, reportOf } from "./pods.ts";
import { processorImage } from "./images.ts";
import { inRealCluster } from "./real-cluster.ts";

const patiently = { withinMs: 120_000, everyMs: 500 };

/** The namespace of the exporter, which needs more than `restricted` allows. */
const monitoringOf = ({ namespace }: Workspace): string => `${namespace}-monitoring`;

describe("monitoring of real pods", function () {
  this.timeout(400_000);
  const at = inRealCluster();
  afterEach(async () => {
    if (at.work === undefined) return;
    await at.real.cluster.processes.kill("prometheus");
    await at.real.cluster.kubectl("delete", "namespace", monitoringOf(at.work), "--ignore-not-found", "--wait=false");
    at.real.node.showGpus({});
    await at.real.node.restartDevicePlugin();
  });

  it("records the GPUs of the service's pods by our list and our rules, and fires when one has an XID", async () => {
    const { cluster, node, agent, operatorNamespace } = at.real;
    await at.work.apply("upscaler", { ...quick, replicas: 1, monitoring: { scrapeInterval: "1s" } });
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
    const namespace = monitoringOf(at.work);
    const { directory } = cluster;
    await cluster.kubectlWithInput(
      dcgmExporter({ namespace, operatorNamespace, image: processorImage, directory }),
      "apply",
      "-f",
      "-",
    );
    await cluster.kubectl("rollout", "status", "-n", namespace, "daemonset/dcgm-exporter", "--timeout=60s");
    const prometheus = await Prometheus.start(cluster, agent);

    const [pod = assert.fail("no pod")] = await podsOf(cluster, at.work.namespace);
    const [gpu = assert.fail("no GPU")] = (await reportOf(cluster, at.work.namespace, pod)).gpus.devices;
    const labels = {
      namespace: at.work.namespace,
      service: "upscaler",
      pod: pod.metadata.name,
      gpu: String(gpu.index),
    };
    const series = (name: string): string => `${name}{namespace="${at.work.namespace}",service="upscaler"}`;
    const becomes = (name: string, wanted: number): Promise<readonly Sample[]> =>
      until(
        `${name} to be ${wanted}`,
        async () => {
          const samples = await prometheus.query(series(name));
          return samples[0]?.value === wanted ? samples : undefined;
        },
        patiently,
      ).catch(async (error: unknown) => {
        const seen = await prometheus.query('{__name__=~"up|DCGM.*|gpumedia:gpu.*"}');
        throw new Error(`${String(error)}\n${JSON.stringify(seen, undefined, 1)}`, { cause: error });
      });

    node.showGpus({
      [gpu.index]: { "utilization-percent": 73, "power-milliwatts": 61_000, "temperature-celsius": 64 },
    });
    // That of the pod alone: the others are nobody's.
    assert.deepEqual(await becomes("gpumedia:gpu_utilization:percent", 73), [
      { labels: { __name__: "gpumedia:gpu_utilization:percent", ...labels }, value: 73 },
    ]);
    await becomes("gpumedia:gpu_power_usage:watts", 61);
    await becomes("gpumedia:gpu_temperature:celsius", 64);

    const address = await addressOf(at.work, "upscaler", agent);
    await until(
      "requests in Prometheus",
      async () => {
        await sendPicture(address, agent);
        const [rate] = await prometheus.query(series("gpumedia:requests:rate5m"));
        return rate !== undefined && rate.value > 0;
      },
      patiently,
    );

    node.showGpus({ [gpu.index]: { xid: 48 } });
    const alert = series("ALERTS").replace("}", ',alertname="GpuMediaGpuXidError",alertstate="firing"}');
    const [firing] = await until(
      "the alert",
      async () => {
        const alerts = await prometheus.query(alert);
        return alerts.length > 0 ? alerts : undefined;
      },
      patiently,
    );
    assert.equal(firing?.labels["pod"], pod.metadata.name);
  });
});
