/** One cluster for the specs of the loop, in which pods are processes with addresses of their own, and what clients see. */
import { request, type Agent } from "undici";
import { startCluster } from "../../cluster/cluster.ts";
import { shared } from "../../cluster/shared.ts";
import { until } from "../../cluster/until.ts";
import { unlessStatus, type Workspace } from "../operator/workspace.ts";
import { isAsked, skipUnlessPossible } from "../real/possible.ts";
import { bootInContainers } from "./loop-in-containers.ts";

export const loopCluster = shared(async () => {
  if (isAsked) return bootInContainers();
  const cluster = await startCluster({ crds: true, privateNetwork: true, horizontalPodAutoscalerSyncPeriod: "1s" });
  await cluster.addProcessNode({ gpus: 4, backOffMs: 500 });
  return cluster;
});

// The same specs with containers as pods, where that was asked for and the machine can.
if (isAsked) {
  before(function () {
    skipUnlessPossible(this);
  });
}

/**
 * Starts quickly, on one thread. Nobody is sent away for a wait that a GPU would not have: clients that are answered 503 at
 * once keep the processor from its pictures, and its GPU from being busy.
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

/** The report's own window of 15 s is left: only the autoscaler's patience is shortened, as a user would. */
export const atOnce = { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 1 }] };
/** One pod or two. There is no metrics-server here: the GPUs alone decide. */
export const byGpusAtOnce = {
  horizontal: {
    cpuUtilizationPercent: 0,
    minReplicas: 1,
    maxReplicas: 2,
    behavior: { scaleUp: atOnce, scaleDown: atOnce },
  },
};

const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";

/** Of operators that serve metrics. One that still ran would make its APIServices again, and the next could not have them. */
export async function closeServingMetrics(work: Workspace): Promise<void> {
  for (const operator of work.operators) await operator.end("SIGKILL");
  for (const version of ["v1beta1", "v1beta2"]) {
    const path = `${apiServices}/${version}.custom.metrics.k8s.io`;
    await work.client.rawJson("DELETE", path).catch(unlessStatus(404));
  }
  await work[Symbol.asyncDispose]();
}

/** `http://` and the ClusterIP of the service's Service, once it leads to a pod: that is a moment after the pod is ready. */
export async function addressOf(work: Workspace, name: string, agent: Agent): Promise<string> {
  const { spec } = (await work.child("service", name)) as unknown as { readonly spec: { readonly clusterIP: string } };
  const address = `http://${spec.clusterIP}`;
  await until(`${address} to lead to a pod`, async () => {
    const answer = await request(`${address}/readyz`, { dispatcher: agent }).catch(() => undefined);
    await answer?.body.dump();
    return answer?.statusCode === 200;
  });
  return address;
}
