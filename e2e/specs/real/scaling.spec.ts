/** The whole control loop in containers: load, GPU metrics, custom.metrics.k8s.io, a real autoscaler, more pods. */
import assert from "node:assert/strict";
import { keepBusy } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { addressOf, byGpusAtOnce, quick, untilScaling } from "../loop/loop-cluster.ts";
import { podsOf } from "./pods.ts";
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

  async function untilPods(expected: number): Promise<void> {
    await until(
      `${expected} ready pods`,
      async (see) => {
        const pods = await podsOf(at.real.cluster, at.work.namespace);
        const ready = pods.filter(({ status }) => status.containerStatuses?.[0]?.ready === true);
        see({ pods: pods.length, ready: ready.length, status: (await at.work.service("upscaler"))?.status });
        return pods.length === expected && ready.length === expected;
      },
      patiently,
    );
  }

  it("adds a pod while its GPU is busy, keeps it when the leader is killed, and removes it after the load", async () => {
    const { cluster, agent, operatorNamespace } = at.real;
    await at.work.apply("upscaler", { ...quick, autoscaling: byGpusAtOnce });
    await untilScaling(at.work, "upscaler");
    await using endLoad = keepBusy(await addressOf(at.work, "upscaler", agent), agent, 3);
    await untilPods(2);

    const lease = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/gpumedia-operator`;
    const holder = async (): Promise<string> => {
      const { spec } = (await cluster.rest.get(lease)) as { readonly spec: { readonly holderIdentity: string } };
      return spec.holderIdentity;
    };
    const first = await holder();
    await cluster.rest.delete(`/api/v1/namespaces/${operatorNamespace}/pods/${first.split("_")[0]}`);
    await until("another operator to lead", async (see) => see(await holder()) !== first, patiently);
    assert.equal((await podsOf(cluster, at.work.namespace)).length, 2);

    await endLoad();
    await untilPods(1);
  });
});
