/** The DCGM exporter reads our list of metrics, Prometheus scrapes by our PodMonitor and evaluates our rules. */
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

/** The namespace of the exporter, which the `restricted` level does not admit. */
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

  it("records the GPU metrics of the service's pods, and fires an alert on an XID error", async () => {
    const { cluster, node, agent, operatorNamespace } = at.real;
    await at.work.apply("upscaler", { ...quick, replicas: 1, monitoring: { scrapeInterval: "1s" } });
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
    const namespace = monitoringOf(at.work);
    const { directory } = cluster;
    const exporter = dcgmExporter({ namespace, operatorNamespace, image: processorImage, directory });
    await cluster.kubectlWithInput(exporter, "apply", "-f", "-");
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
    const untilValue = (name: string, expected: number): Promise<readonly Sample[]> =>
      until(
        `${name} to be ${expected}`,
        async (see) => {
          const samples = await prometheus.query(series(name));
          if (samples[0]?.value === expected) return samples;
          see(await prometheus.query('{__name__=~"up|DCGM.*|gpumedia:gpu.*"}'));
          return undefined;
        },
        patiently,
      );

    node.showGpus({
      [gpu.index]: { "utilization-percent": 73, "power-milliwatts": 61_000, "temperature-celsius": 64 },
    });
    // Only the pod's GPU: the others are not assigned.
    assert.deepEqual(await untilValue("gpumedia:gpu_utilization:percent", 73), [
      { labels: { __name__: "gpumedia:gpu_utilization:percent", ...labels }, value: 73 },
    ]);
    await untilValue("gpumedia:gpu_power_usage:watts", 61);
    await untilValue("gpumedia:gpu_temperature:celsius", 64);

    const address = await addressOf(at.work, "upscaler", agent);
    await until(
      "the rate of requests to be above 0",
      async (see) => {
        await sendPicture(address, agent);
        const [rate] = see(await prometheus.query(series("gpumedia:requests:rate5m")));
        return rate !== undefined && rate.value > 0;
      },
      patiently,
    );

    node.showGpus({ [gpu.index]: { xid: 48 } });
    const alert = series("ALERTS").replace("}", ',alertname="GpuMediaGpuXidError",alertstate="firing"}');
    const firing = await until(
      "a firing GpuMediaGpuXidError",
      async () => (await prometheus.query(alert))[0],
      patiently,
    );
    assert.equal(firing.labels["pod"], pod.metadata.name);
  });
});
