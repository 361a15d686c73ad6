/** The whole loop: load on real processors, their GPUs' figures, custom.metrics.k8s.io, a real autoscaler, more pods. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { keepBusy } from "../../cluster/process-node/client.ts";
import { nodeAddress } from "../../cluster/process-node/network-namespace.ts";
import { until } from "../../cluster/until.ts";
import type { OperatorProcess } from "../operator/operator-process.ts";
import { addressOf, byGpusAtOnce, loopWorkspace, quick } from "./loop-cluster.ts";

type Deployment = KubeObject & {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
};

describe("the loop", function () {
  this.timeout(400_000);
  const work = loopWorkspace("test");

  /** The API server reaches it as it would reach a pod: by a Service's address and an EndpointSlice. */
  async function startOperator(): Promise<OperatorProcess> {
    return work.startOperator({ parameters: ["--utilization-interval=500ms"], metricsApiAddress: nodeAddress });
  }

  async function deployment(): Promise<Deployment> {
    return (await work.child("deployment", "upscaler")) as unknown as Deployment;
  }

  async function untilReplicas(wanted: number): Promise<void> {
    const look = async (): Promise<boolean> => {
      const { spec } = await deployment();
      return spec.replicas === wanted;
    };
    await until(`${wanted} replicas`, look, { withinMs: 120_000, everyMs: 200 }).catch(async (error: unknown) => {
      const said = await work.cluster.kubectl("describe", "hpa,gms", "upscaler", "-n", work.namespace);
      throw new Error(`${String(error)}\n${said}`, { cause: error });
    });
  }

  /** One pod without load, and the autoscaler reads its figure; answers the service's address. */
  async function serve(spec: object): Promise<string> {
    await work.apply("upscaler", { ...quick, gpu: { count: 1 }, autoscaling: byGpusAtOnce, ...spec });
    await untilReports();
    assert.equal((await deployment()).spec.replicas, 1);
    return addressOf(work, "upscaler", work.agent);
  }

  async function untilReports(): Promise<void> {
    for (const type of ["Ready", "MetricsReporting", "ScalingReady"]) {
      await work.untilCondition("upscaler", type, { status: "True" }, { withinMs: 90_000 });
    }
  }

  it("scales out under load, changes nothing when the operator is killed and started again, and scales in after it", async () => {
    const first = await startOperator();
    const address = await serve({});
    const endLoad = keepBusy(address, work.agent, 3);
    await untilReplicas(2);
    await work.untilCondition("upscaler", "Ready", { status: "True" }, { withinMs: 90_000 });

    const { generation } = (await deployment()).metadata;
    await first.end("SIGKILL");
    await startOperator();
    await untilReports();
    const { metadata, spec } = await deployment();
    // Each change of the replicas would have been a new generation.
    assert.deepEqual([metadata.generation, spec.replicas], [generation, 2]);

    await endLoad();
    await untilReplicas(1);
  });

  it("does not scale in while the reports are cut off, says so, and does when they are back", async () => {
    const cut = join(work.cluster.directory, `${work.namespace}.cut`);
    const env = [
      ...quick.processing.env,
      { name: "NODE_OPTIONS", value: `--import=${new URL("cut-reports.ts", import.meta.url).href}` },
      // As a path it would be taken for one in the pod's own /tmp.
      { name: "CUT_REPORTS", value: pathToFileURL(cut).href },
    ];
    await startOperator();
    const address = await serve({ processing: { ...quick.processing, env } });
    const endLoad = keepBusy(address, work.agent, 3);
    await untilReplicas(2);
    await work.untilCondition("upscaler", "Ready", { status: "True" }, { withinMs: 90_000 });

    await writeFile(cut, "");
    await endLoad();
    const { generation } = (await deployment()).metadata;
    await work.untilCondition("upscaler", "MetricsReporting", { status: "False" }, { withinMs: 120_000 });
    // The autoscaler has looked, and seen nothing.
    await work.untilCondition("upscaler", "ScalingReady", { status: "False" }, { withinMs: 120_000 });
    const { metadata, spec } = await deployment();
    assert.deepEqual([metadata.generation, spec.replicas], [generation, 2]);

    await rm(cut);
    await untilReplicas(1);
  });
});
