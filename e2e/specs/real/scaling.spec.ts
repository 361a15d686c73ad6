/** The whole loop in containers: load, GPUs' figures, custom.metrics.k8s.io of the operator's pods, a real autoscaler, more pods. */
import assert from "node:assert/strict";
import { keepBusy } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { addressOf } from "../loop/loop-cluster.ts";
import { Workspace } from "../operator/workspace.ts";
import { podsOf, quick } from "./pods.ts";
import { realCluster, restrict, type RealCluster } from "./real-cluster.ts";

/** Only the autoscaler's patience is shortened, as a user would. */
const atOnce = { stabilizationWindowSeconds: 0, policies: [{ type: "Percent", value: 100, periodSeconds: 1 }] };
const horizontal = {
  // There is no metrics-server: the GPUs alone decide.
  cpuUtilizationPercent: 0,
  minReplicas: 1,
  maxReplicas: 2,
  behavior: { scaleUp: atOnce, scaleDown: atOnce },
};
const patiently = { withinMs: 180_000, everyMs: 200 };

describe("scaling of real pods", function () {
  this.timeout(600_000);
  let real: RealCluster;
  let work: Workspace;
  let following: AsyncDisposable;

  before(async function () {
    real = await realCluster(this);
  });
  beforeEach(async () => {
    work = await Workspace.open(real.cluster);
    await restrict(real.cluster, work.namespace);
    following = real.node.followLoad();
  });
  afterEach(async () => {
    await following?.[Symbol.asyncDispose]();
    await work?.[Symbol.asyncDispose]();
  });

  async function untilPods(wanted: number): Promise<void> {
    const look = async (): Promise<true | undefined> => {
      const pods = await podsOf(real.cluster, work.namespace);
      const ready = pods.filter(({ status }) => status.containerStatuses?.[0]?.ready === true);
      return pods.length === wanted && ready.length === wanted ? true : undefined;
    };
    await until(`${wanted} pods`, look, patiently).catch(async (error: unknown) => {
      const said = await real.cluster.kubectl("describe", "hpa,gms,pods", "-n", work.namespace);
      throw new Error(`${String(error)}\n${said}`, { cause: error });
    });
  }

  it("adds a pod while its GPU is busy, goes on when the leading operator is killed, and takes the pod away after the load", async () => {
    const { cluster, agent, operatorNamespace } = real;
    await work.apply("upscaler", { ...quick, autoscaling: { horizontal } });
    for (const type of ["Ready", "MetricsReporting", "ScalingReady"]) {
      await work.untilCondition("upscaler", type, { status: "True" }, patiently);
    }
    const endLoad = keepBusy(await addressOf(work, "upscaler", agent), agent, 3);
    await untilPods(2);

    const lease = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases/gpumedia-operator`;
    const holder = async (): Promise<string> => {
      const { spec } = (await cluster.rest.get(lease)) as { readonly spec: { readonly holderIdentity: string } };
      return spec.holderIdentity;
    };
    const first = await holder();
    await cluster.rest.delete(`/api/v1/namespaces/${operatorNamespace}/pods/${first.split("_")[0]}`);
    await until("another operator to lead", async () => ((await holder()) === first ? undefined : true), patiently);
    assert.equal((await podsOf(cluster, work.namespace)).length, 2);

    await endLoad();
    await untilPods(1);
  });
});
