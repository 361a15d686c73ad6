/** The whole control loop: load on real processors, their GPU metrics, custom.metrics.k8s.io, a real autoscaler, more pods. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { keepBusy } from "../../cluster/process-node/client.ts";
import { nodeAddress } from "../../cluster/process-node/network-namespace.ts";
import { until } from "../../cluster/until.ts";
import type { OperatorProcess } from "../operator/operator-process.ts";
import { addressOf, byGpusAtOnce, loopWorkspace, quick, untilScaling, withModule } from "./loop-cluster.ts";

type Deployment = KubeObject & {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly replicas: number };
};

describe("the control loop", function () {
  this.timeout(400_000);
  const work = loopWorkspace("test");

  /** The API server reaches it like a pod: by the address of a Service, and an EndpointSlice. */
  async function startOperator(): Promise<OperatorProcess> {
    // The defaults of the Lease: an operator that is killed does not release it.
    const lease = ["--lease-duration=15s", "--renew-deadline=10s"];
    return work.startOperator({
      parameters: ["--utilization-interval=500ms", ...lease],
      metricsApiAddress: nodeAddress,
    });
  }

  async function deployment(): Promise<Deployment> {
    return (await work.child("deployment", "upscaler")) as unknown as Deployment;
  }

  async function untilReplicas(expected: number): Promise<void> {
    await until(
      `${expected} replicas`,
      async (see) => {
        const { replicas } = (await deployment()).spec;
        see({ replicas, status: (await work.service("upscaler"))?.status });
        return replicas === expected;
      },
      { withinMs: 120_000, everyMs: 200 },
    );
  }

  /** Starts one pod without load, waits until the autoscaler has its metric, and returns the service's address. */
  async function serve(spec: object): Promise<string> {
    await work.apply("upscaler", { ...quick, gpu: { count: 1 }, autoscaling: byGpusAtOnce, ...spec });
    await untilScaling(work, "upscaler");
    assert.equal((await deployment()).spec.replicas, 1);
    return addressOf(work, "upscaler", work.agent);
  }

  it("scales out under load, keeps the replicas when the operator is killed and restarted, and scales in after the load", async () => {
    const first = await startOperator();
    const address = await serve({});
    await using endLoad = keepBusy(address, work.agent, 3);
    await untilReplicas(2);
    await work.untilCondition("upscaler", "Ready", { status: "True" }, { withinMs: 90_000 });

    const { generation } = (await deployment()).metadata;
    await first.end("SIGKILL");
    await startOperator();
    await untilScaling(work, "upscaler");
    const { metadata, spec } = await deployment();
    // Each change of the replicas would have increased the generation.
    assert.deepEqual([metadata.generation, spec.replicas], [generation, 2]);

    await endLoad();
    await untilReplicas(1);
  });

  it("does not scale in while the reports are cut off, reports this, and scales in when they are back", async () => {
    const cut = join(work.cluster.directory, `${work.namespace}.cut`);
    await startOperator();
    // A path would be one in the pod's own /tmp.
    const address = await serve({
      processing: withModule(new URL("cut-reports.ts", import.meta.url), "CUT_REPORTS", pathToFileURL(cut).href),
    });
    await using endLoad = keepBusy(address, work.agent, 3);
    await untilReplicas(2);
    await work.untilCondition("upscaler", "Ready", { status: "True" }, { withinMs: 90_000 });

    await writeFile(cut, "");
    await endLoad();
    const { generation } = (await deployment()).metadata;
    await work.untilCondition("upscaler", "MetricsReporting", { status: "False" }, { withinMs: 120_000 });
    // The autoscaler has found no metric.
    await work.untilCondition("upscaler", "ScalingReady", { status: "False" }, { withinMs: 120_000 });
    const { metadata, spec } = await deployment();
    assert.deepEqual([metadata.generation, spec.replicas], [generation, 2]);

    await rm(cut);
    await untilReplicas(1);
  });
});
