/**
 * Measures the time from a step of the load to the autoscaler's decision, on running processors.
 *
 *     load ──▶ the processor's mean of 15 s exceeds the target ──▶ the operator collects and serves it ──▶ the autoscaler decides
 *     0           own                                               served                                   decided
 */
import { setTimeout as pause } from "node:timers/promises";
import { startCluster, type Cluster } from "@gpumedia/e2e/cluster/cluster.ts";
import { startOperator, untilLeading } from "@gpumedia/e2e/cluster/operator.ts";
import { keepBusy } from "@gpumedia/e2e/cluster/process-node/client.ts";
import { nodeAddress } from "@gpumedia/e2e/cluster/process-node/network-namespace.ts";
import { until } from "@gpumedia/e2e/cluster/until.ts";
import { request, type Agent } from "undici";
import { percentile } from "../operator/percentile.ts";

export interface DecisionOptions {
  readonly runs: number;
  /** The autoscaler's interval, and the operator's for reports, in seconds. */
  readonly syncSeconds: number;
  readonly intervalSeconds: number;
}

/** Seconds from the step. */
interface Run {
  readonly own: number;
  readonly served: number;
  readonly decided: number;
}

const namespace = "bench";
const name = "upscaler";
/** The autoscaler's own tolerance of a tenth above the target of 70. */
const target = 77;
const clients = 3;
const atOnce = { stabilizationWindowSeconds: 0 };
const spec = {
  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
  processing: {
    env: [
      { name: "GPUMEDIA_WORKERS", value: "1" },
      // Requests take longer on a CPU: without this they would be rejected with 503, which is no load on the GPU.
      { name: "GPUMEDIA_QUEUE_MAX_WAIT", value: "30s" },
    ],
  },
  autoscaling: {
    horizontal: {
      minReplicas: 1,
      maxReplicas: 2,
      cpuUtilizationPercent: 0,
      gpuUtilizationPercent: 70,
      behavior: { scaleUp: atOnce, scaleDown: atOnce },
    },
  },
  drain: { timeout: "10s" },
};

const metric = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${namespace}/pods/*/gpumedia_gpu_utilization_percent`;

interface Deployment {
  readonly spec: { readonly replicas: number };
  readonly status: { readonly readyReplicas?: number };
}

export async function measureDecisions({ runs, syncSeconds, intervalSeconds }: DecisionOptions): Promise<string> {
  await using cluster = await startCluster({
    crds: true,
    privateNetwork: true,
    horizontalPodAutoscalerSyncPeriod: `${syncSeconds}s`,
  });
  await cluster.addProcessNode({ gpus: 2 });
  const parameters = [`--utilization-interval=${intervalSeconds}s`];
  await untilLeading(cluster, await startOperator(cluster, { parameters, metricsApiAddress: nodeAddress }));
  await cluster.kubectl("create", "namespace", namespace);
  const metadata = { name, namespace };
  await cluster.kubectlWithInput(
    { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata, spec },
    "create",
    "-f",
    "-",
  );
  const agent = cluster.network?.agent();
  if (agent === undefined) throw new Error("no private network");
  const measured: Run[] = [];
  for (let run = 0; run < runs; run++) {
    const one = await measureOnce(cluster, agent, syncSeconds);
    process.stderr.write(`${JSON.stringify(one)}\n`);
    measured.push(one);
  }
  await agent.destroy();
  const row = (what: string, pick: (run: Run) => number): string => {
    const values = measured.map(pick);
    const [median, least, most] = [percentile(values, 0.5), Math.min(...values), Math.max(...values)];
    return `| ${what} | ${[median, least, most].map((value) => value.toFixed(1)).join(" | ")} |`;
  };
  return [
    `${runs} steps from no load to ${clients} requests at a time; autoscaler every ${syncSeconds} s, reports every ${intervalSeconds} s:`,
    "",
    "| seconds from the step until … | median | least | most |",
    "| --- | --: | --: | --: |",
    row("the processor itself reports more than the target", ({ own }) => own),
    row("the operator serves it", ({ served }) => served),
    row("the autoscaler has decided", ({ decided }) => decided),
    row("of that, until the autoscaler's next interval", ({ served, decided }) => decided - served),
  ].join("\n");
}

async function measureOnce(cluster: Cluster, agent: Agent, syncSeconds: number): Promise<Run> {
  const { address, podAddress } = await untilIdle(cluster, agent);
  // Steps must not be synchronous with the autoscaler's interval.
  await pause(Math.random() * syncSeconds * 1_000);
  const startedAt = performance.now();
  const endLoad = keepBusy(address, agent, clients);
  const first = async (what: string, isSo: () => Promise<boolean>): Promise<number> => {
    await until(what, isSo, { withinMs: 180_000, everyMs: 200 });
    return (performance.now() - startedAt) / 1_000;
  };
  const [own, served, decided] = await Promise.all([
    first("the processor's own report", async () => (await reported(podAddress, agent)) > target),
    first("the operator's metric", async () => ((await highest(cluster)) ?? 0) > target),
    first("the decision", async () => (await deployment(cluster)).spec.replicas > 1),
  ]);
  await endLoad();
  return { own, served, decided };
}

/** Waits for one pod without load, also according to the metric. */
async function untilIdle(cluster: Cluster, agent: Agent): Promise<{ address: string; podAddress: string }> {
  const isIdle = async (): Promise<true | undefined> => {
    const { spec, status } = await deployment(cluster).catch((): Deployment => ({ spec: { replicas: 0 }, status: {} }));
    return spec.replicas === 1 && status.readyReplicas === 1 && ((await highest(cluster)) ?? Infinity) < 5
      ? true
      : undefined;
  };
  await until("one pod without load", isIdle, { withinMs: 300_000, everyMs: 500 });
  const [clusterIP, podIP] = await Promise.all([
    cluster.kubectl("get", "service", name, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"),
    until("a single pod", async () => {
      const select = ["-l", `gpumedia.io/service=${name}`, "-o", "jsonpath={.items[*].status.podIP}"];
      const ips = (await cluster.kubectl("get", "pods", "-n", namespace, ...select)).split(" ");
      return ips.length === 1 ? ips[0] : undefined;
    }),
  ]);
  const address = `http://${clusterIP}`;
  await until("the Service to reach the pod", async () => {
    const answer = await request(`${address}/readyz`, { dispatcher: agent });
    await answer.body.dump();
    return answer.statusCode === 200;
  });
  return { address, podAddress: `http://${podIP}:8080` };
}

async function deployment(cluster: Cluster): Promise<Deployment> {
  return (await cluster.rest.request("GET", `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`)) as Deployment;
}

async function reported(address: string, agent: Agent): Promise<number> {
  const { body } = await request(`${address}/utilization`, { dispatcher: agent });
  const report = (await body.json()) as { gpus: { devices: readonly { utilizationPercent: number | null }[] } };
  return report.gpus.devices[0]?.utilizationPercent ?? 0;
}

/** The highest utilization in the metric. */
async function highest(cluster: Cluster): Promise<number | undefined> {
  const list = (await cluster.rest.request("GET", metric).catch(() => ({ items: [] }))) as {
    readonly items: readonly { readonly value: string }[];
  };
  if (list.items.length === 0) return undefined;
  return Math.max(...list.items.map(({ value }) => (value.endsWith("m") ? parseFloat(value) / 1000 : Number(value))));
}
