/** The whole loop: load on real processors, their GPUs' figures, custom.metrics.k8s.io, a real autoscaler, more pods. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { operatorRbac } from "@gpumedia/install";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import type { Agent } from "undici";
import type { Cluster } from "../../cluster/cluster.ts";
import { nodeAddress } from "../../cluster/process-node/private-network.ts";
import { until } from "../../cluster/until.ts";
import type { OperatorProcess } from "../operator/operator-process.ts";
import { unlessStatus, Workspace } from "../operator/workspace.ts";
import { addressOf, loopCluster, process, quick } from "./loop-cluster.ts";

const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
const apiServiceNames = ["v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"];
/** The report's own window of 15 s is left: only the autoscaler's patience is shortened, as a user would. */
const atOnce = { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 1 }] };
const horizontal = {
  // There is no metrics-server here: the GPUs alone decide.
  cpuUtilizationPercent: 0,
  minReplicas: 1,
  maxReplicas: 2,
  behavior: { scaleUp: atOnce, scaleDown: atOnce },
};

type Deployment = KubeObject & {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
};

describe("the loop", function () {
  this.timeout(400_000);
  let cluster: Cluster;
  let work: Workspace;
  let agent: Agent;

  beforeEach(async () => {
    cluster = await loopCluster();
    work = await Workspace.open(cluster);
    agent = cluster.network?.agent() ?? assert.fail("no private network");
    const { operatorNamespace: namespace } = work;
    const serviceAccount = "gpumedia-operator";
    const clusterRoleName = `${namespace}.${serviceAccount}`;
    const rbac = operatorRbac({ namespace, serviceAccount, clusterRoleName, metricsApi: true });
    await cluster.serviceAccountKubeconfig({ namespace, serviceAccount, rbac });
  });
  afterEach(async () => {
    await agent.destroy();
    for (const name of apiServiceNames) {
      await work.client.rawJson("DELETE", `${apiServices}/${name}`).catch(unlessStatus(404));
    }
    await work[Symbol.asyncDispose]();
  });

  /** The API server reaches it as it would reach a pod: by a Service's address and an EndpointSlice. */
  async function startOperator(): Promise<OperatorProcess> {
    const kubeconfig = join(cluster.directory, `${work.operatorNamespace}.gpumedia-operator.kubeconfig`);
    const parameters = [
      "--utilization-interval=500ms",
      `--metrics-api-address=${nodeAddress}:0`,
      `--metrics-api-advertise-address=${nodeAddress}`,
    ];
    return work.startOperator({ parameters, kubeconfig });
  }

  async function deployment(): Promise<Deployment> {
    return (await work.child("deployment", "upscaler")) as unknown as Deployment;
  }

  async function untilReplicas(wanted: number): Promise<void> {
    const look = async (): Promise<true | undefined> => {
      const { spec } = await deployment();
      return spec.replicas === wanted ? true : undefined;
    };
    await until(`${wanted} replicas`, look, { withinMs: 120_000, everyMs: 200 }).catch(async (error: unknown) => {
      const said = await cluster.kubectl("describe", "hpa,gms", "upscaler", "-n", work.namespace);
      throw new Error(`${String(error)}\n${said}`, { cause: error });
    });
  }

  /** Clients that always have a request under way; answers how to end them. */
  function load(address: string, clients: number): () => Promise<void> {
    const ending = new AbortController();
    const client = async (): Promise<void> => {
      // A full queue answers 503, which is part of a load that is too high.
      while (!ending.signal.aborted) await process(address, agent).catch(() => {});
    };
    const running = Array.from({ length: clients }, client);
    return async () => {
      ending.abort();
      await Promise.all(running);
    };
  }

  it("scales out under load, changes nothing when the operator is killed and started again, and scales in after it", async () => {
    const first = await startOperator();
    await work.apply("upscaler", { ...quick, gpu: { count: 1 }, autoscaling: { horizontal } });
    await work.untilCondition("upscaler", "Ready", { status: "True" }, { withinMs: 90_000 });
    await work.untilCondition("upscaler", "ScalingReady", { status: "True" }, { withinMs: 90_000 });
    const address = await addressOf(work, "upscaler", agent);
    assert.equal((await deployment()).spec.replicas, 1);

    const endLoad = load(address, 3);
    await untilReplicas(2);
    await work.untilCondition("upscaler", "Ready", { status: "True" }, { withinMs: 90_000 });

    const { generation } = (await deployment()).metadata;
    await first.end("SIGKILL");
    await startOperator();
    await work.untilCondition("upscaler", "MetricsReporting", { status: "True" }, { withinMs: 90_000 });
    await work.untilCondition("upscaler", "ScalingReady", { status: "True" }, { withinMs: 90_000 });
    const { metadata, spec } = await deployment();
    // Each change of the replicas would have been a new generation.
    assert.deepEqual([metadata.generation, spec.replicas], [generation, 2]);

    await endLoad();
    await untilReplicas(1);
  });
});
