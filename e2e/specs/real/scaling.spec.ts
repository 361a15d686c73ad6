/** The whole loop in containers: load, GPUs' figures, custom.metrics.k8s.io of the operator's pods, a real autoscaler, more pods. */
import assert from "node:assert/strict";
import { keepBusy } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { addressOf, byGpusAtOnce } from "../loop/loop-cluster.ts";
import { podsOf, quick } from "./pods.ts";
import { inRealCluster } from "./real-cluster.ts";

const patiently = { withinMs: 180_000, everyMs: 200 };

describe("scaling of real pods", function () {
  this.timeout(600_000);
  const at = inRealCluster();
  let following: AsyncDisposable;

  beforeEach(() => {
    following = at.real.node.followLoad();
  });
  afterEach(() => following?.[Symbol.asyncDispose]());

  async function untilPods(wanted: number): Promise<void> {
    const look = async (): Promise<boolean> => {
      const pods = await podsOf(at.real.cluster, at.work.namespace);
      const ready = pods.filter(({ status }) => status.containerStatuses?.[0]?.ready === true);
      return pods.length === wanted && ready.length === wanted;
    };
    await until(`${wanted} pods`, look, patiently).catch(async (error: unknown) => {
      const said = await at.real.cluster.kubectl("describe", "hpa,gms,pods", "-n", at.work.namespace);
      throw new Error(`${String(error)}\n${said}`, { cause: error });
    });
  }

  it("adds a pod while its GPU is busy, goes on when the leading operator is killed, and takes the pod away after the load", async () => {
    const { cluster, agent, operatorNamespace } = at.real;
    await at.work.apply("upscaler", { ...quick, autoscaling: byGpusAtOnce });
    for (const type of ["Ready", "MetricsReporting", "ScalingReady"]) {
      await at.work.untilCondition("upscaler", type, { status: "True" }, patiently);
    }
    const endLoad = keepBusy(await addressOf(at.work, "upscaler", agent), agent, 3);
    await untilPods(2);

    const lease = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/gpumedia-operator`;
    const holder = async (): Promise<string> => {
      const { spec } = (await cluster.rest.get(lease)) as { readonly spec: { readonly holderIdentity: string } };
      return spec.holderIdentity;
    };
    const first = await holder();
    await cluster.rest.delete(`/api/v1/namespaces/${operatorNamespace}/pods/${first.split("_")[0]}`);
    await until("another operator to lead", async () => ((await holder()) === first ? undefined : true), patiently);
    assert.equal((await podsOf(cluster, at.work.namespace)).length, 2);

    await endLoad();
    await untilPods(1);
  });
});
