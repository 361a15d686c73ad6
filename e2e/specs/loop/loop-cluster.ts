/** One cluster for the specs of the control loop, whose pods are processes with their own addresses. */
import assert from "node:assert/strict";
import { request, type Agent } from "undici";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { shared } from "../../cluster/shared.ts";
import { until } from "../../cluster/until.ts";
import { unlessStatus, Workspace } from "../operator/workspace.ts";
import { isAsked, skipUnlessPossible } from "../real/possible.ts";
import { bootInContainers } from "./loop-in-containers.ts";

export const loopCluster = shared(async () => {
  if (isAsked) return bootInContainers();
  const cluster = await startCluster({ crds: true, privateNetwork: true, horizontalPodAutoscalerSyncPeriod: "1s" });
  await cluster.addProcessNode({ gpus: 4, backOffMs: 500 });
  return cluster;
});

// The same specs run with containers as pods if that is requested and possible.
if (isAsked) {
  before(function () {
    skipUnlessPossible(this);
  });
}

/**
 * Starts quickly, on one thread. The queue is long, because the CPU is slower than a GPU: rejected clients that retry at once
 * would keep the processor from its pictures, and its GPU from being busy.
 */
export const quick = {
  resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "1", memory: "1Gi" } },
  processing: {
    logLevel: "info",
    env: [
      { name: "GPUMEDIA_WORKERS", value: "1" },
      { name: "GPUMEDIA_QUEUE_MAX_WAIT", value: "30s" },
    ],
  },
  drain: { timeout: "10s" },
} as const;

/** Loads a module into the processors, with the environment variable that it reads. */
export function withModule({ href }: URL, name: string, value: string) {
  const load = { name: "NODE_OPTIONS", value: `--import=${href}` };
  return { ...quick.processing, env: [...quick.processing.env, load, { name, value }] };
}

/** A service without an autoscaler. */
export const fixed = (replicas: number) => ({ ...quick, autoscaling: { horizontal: { enabled: false } }, replicas });

/** Removes the autoscaler's delays; the report's window of 15 s remains. */
export const atOnce = { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 1 }] };
/** One or two pods. Without a metrics-server, only the GPUs' utilization counts. */
export const byGpusAtOnce = {
  horizontal: {
    cpuUtilizationPercent: 0,
    minReplicas: 1,
    maxReplicas: 2,
    behavior: { scaleUp: atOnce, scaleDown: atOnce },
  },
};

const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";

/** Its pods and Services have addresses, and its operators may serve the metrics APIs. */
class LoopWorkspace extends Workspace {
  /** Reaches the addresses of pods and Services. */
  agent!: Agent;

  override async open(cluster: Cluster): Promise<void> {
    await super.open(cluster);
    this.agent = cluster.network?.agent() ?? assert.fail("no private network");
    this.resources.defer(() => this.agent.destroy());
    // The operators have exited by then. The next one could not take over the APIServices of their namespace.
    this.resources.defer(async () => {
      for (const version of ["v1beta1", "v1beta2"]) {
        await this.client.rawJson("DELETE", `${apiServices}/${version}.custom.metrics.k8s.io`).catch(unlessStatus(404));
      }
    });
  }
}

/** A workspace on the loop's cluster: one for the whole suite, or a new one for each test. Call it inside `describe`. */
export function loopWorkspace(scope: "suite" | "test"): LoopWorkspace {
  const work = new LoopWorkspace();
  const [setUp, tearDown] = scope === "suite" ? [before, after] : [beforeEach, afterEach];
  setUp(async () => work.open(await loopCluster()));
  tearDown(() => work[Symbol.asyncDispose]());
  return work;
}

/** Waits until the service is Ready, its pods report, and its autoscaler has metrics. */
export async function untilScaling(work: Workspace, name: string): Promise<void> {
  for (const type of ["Ready", "MetricsReporting", "ScalingReady"]) {
    await work.untilCondition(name, type, { status: "True" }, { withinMs: 90_000 });
  }
}

/** Returns `http://` and the ClusterIP of the service, once it routes to a pod: that is a moment after the pod is Ready. */
export async function addressOf(work: Workspace, name: string, agent: Agent): Promise<string> {
  const { spec } = (await work.child("service", name)) as unknown as { readonly spec: { readonly clusterIP: string } };
  const address = `http://${spec.clusterIP}`;
  await until(`${address}/readyz to respond with 200`, async (see) => {
    const answer = await request(`${address}/readyz`, { dispatcher: agent }).catch(String);
    if (typeof answer === "string") return see(answer) === "";
    await answer.body.dump();
    return see(answer.statusCode) === 200;
  });
  return address;
}
