/** KEDA's controllers scale our services on the metrics of real processors, which a real Prometheus scrapes. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { startCluster } from "../cluster/cluster.ts";
import { keepBusy } from "../cluster/process-node/client.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { Prometheus, prometheusAddress } from "../cluster/real-node/prometheus.ts";
import { shared } from "../cluster/shared.ts";
import { tool } from "../cluster/tools.ts";
import { until } from "../cluster/until.ts";
import { addressOf, byGpusAtOnce, quick } from "../specs/loop/loop-cluster.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { Keda, kedaPrograms, kedaUser } from "./keda.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";
import { quietSeconds, writesOfAQuietMinute, writesOfAnUpgrade } from "./writes.ts";

if (isPossible) {
  await kedaPrograms();
  await tool("prometheus");
}

const cluster = shared(async () => {
  const started = await startCluster({
    crds: true,
    optionalCrds: ["scaledobject", "podmonitor", "prometheusrule"],
    privateNetwork: true,
    horizontalPodAutoscalerSyncPeriod: "1s",
  });
  await started.addProcessNode({ gpus: 4, backOffMs: 500 });
  return started;
});

const name = "upscaler";
const patiently = { withinMs: 240_000 };

/** One or two pods, by the GPUs alone: there is no metrics-server. */
function specOf(provider: "HPA" | "KEDA") {
  const horizontal = { ...byGpusAtOnce.horizontal, provider, prometheusAddress: `http://${prometheusAddress}` };
  return { ...quick, gpu: { count: 1 }, monitoring: { scrapeInterval: "2s" }, autoscaling: { horizontal } };
}

describe("KEDA 2.21.0", function () {
  this.timeout(900_000);
  skipUnlessPossible();
  const work = new Workspace();
  let keda: Keda;
  let prometheus: Prometheus;
  let endLoad: (() => Promise<void>) | undefined;

  before(async () => {
    await work.open(await cluster());
    keda = await Keda.start(work.cluster);
    await startOperator();
    await work.apply(name, specOf("KEDA"));
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    const agent = work.cluster.network?.agent() ?? assert.fail("no private network");
    work.resources.defer(() => agent.destroy());
    prometheus = await Prometheus.start(work.cluster, agent);
  });
  after(() => work[Symbol.asyncDispose]());

  /** Each test begins with KEDA's metrics, whatever the one before has left. */
  beforeEach(() => untilScaling());
  afterEach(async () => {
    await endLoad?.();
    endLoad = undefined;
  });

  async function startOperator(): Promise<void> {
    await work.startOperator({ parameters: ["--utilization-interval=500ms"], metricsApiAddress: nodeAddress });
  }

  /** The reason is `AtMaximum` under load. */
  async function untilScaling(): Promise<void> {
    await work.untilCondition(name, "ScalingReady", { status: "True" }, patiently);
  }

  async function replicas(): Promise<number> {
    return (await work.child("deployment", name)).spec.replicas;
  }

  async function generation(): Promise<number | undefined> {
    return (await work.child("deployment", name)).metadata.generation;
  }

  async function untilReplicas(expected: number): Promise<void> {
    await until(
      `${expected} replicas`,
      async (see) => {
        const status = (await work.service(name))?.status;
        return see({ replicas: await replicas(), status }).replicas === expected;
      },
      patiently,
    );
  }

  /** Two ready pods, whose GPUs stay busy until the end of the test. */
  async function underLoad(): Promise<void> {
    const agent = work.cluster.network?.agent() ?? assert.fail("no private network");
    const stop = keepBusy(await addressOf(work, name, agent), agent, 4);
    endLoad = async () => {
      await stop();
      await agent.destroy();
    };
    await untilReplicas(2);
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
  }

  /** What the metrics of two busy pods allow: no change of the replicas for as long as it takes to read them a few times. */
  async function untilReadAgain(): Promise<void> {
    const since = Date.now();
    const reads = (): number =>
      work.cluster.audit.requests({ apiGroup: "external.metrics.k8s.io", namespace: work.namespace, since }).length;
    await until("the autoscaler to read its metric five times", (see) => see(reads()) >= 5, patiently);
  }

  it("adds a pod on our query under load, and removes it after the load", async () => {
    await untilReplicas(1);
    await underLoad();
    await endLoad?.();
    endLoad = undefined;
    await untilReplicas(1);
  });

  for (const [title, fail, repair] of [
    [
      "Prometheus fails",
      () => work.cluster.processes.kill("prometheus"),
      () => work.cluster.processes.restart("prometheus"),
    ],
    ["the series are missing", () => prometheus.reload("nothing"), () => prometheus.reload()],
  ] as const) {
    it(`keeps the replicas by its fallback while ${title}, and ScalingReady reports this`, async () => {
      await underLoad();
      const before = await generation();
      await fail();
      const missing = {
        status: "False",
        reason: "MetricsMissing",
        message: "check that Prometheus at http://",
      } as const;
      await work.untilCondition(name, "ScalingReady", missing, patiently);
      await endLoad?.();
      endLoad = undefined;
      await untilReadAgain();
      assert.deepEqual([await generation(), await replicas()], [before, 2]);
      await work.untilCondition(name, "Ready", { status: "True", reason: "Serving" }, patiently);
      await repair();
      await prometheus.untilReady();
      await untilScaling();
    });
  }

  it("takes over from the HPA and hands back to it under load without a change of the replicas", async () => {
    await underLoad();
    const before = await generation();
    await work.apply(name, specOf("HPA"));
    await work.untilGone(childKinds.scaledObject.type, name);
    await untilScaling();
    await work.apply(name, specOf("KEDA"));
    await work.untilGone(childKinds.horizontalPodAutoscaler.type, name);
    await untilScaling();
    // Each change of the replicas increases the generation.
    assert.deepEqual([await generation(), await replicas()], [before, 2]);
  });

  it("scales nothing while it is paused, and ScalingReady names the annotation to remove", async () => {
    const annotation = "autoscaling.keda.sh/paused";
    await work.cluster.kubectl("annotate", "scaledobject", name, "-n", work.namespace, `${annotation}=true`);
    await work.untilCondition(
      name,
      "ScalingReady",
      { status: "False", reason: "CannotScale", message: annotation },
      patiently,
    );
    await work.cluster.kubectl("annotate", "scaledobject", name, "-n", work.namespace, `${annotation}-`);
    await untilScaling();
  });

  it("refuses by its webhook a second ScaledObject for our Deployment, and none of ours", async () => {
    const spec = {
      scaleTargetRef: { name },
      triggers: [
        { type: "cron", metadata: { timezone: "UTC", start: "0 1 * * *", end: "0 2 * * *", desiredReplicas: "1" } },
      ],
    };
    const second = { apiVersion: "keda.sh/v1alpha1", kind: "ScaledObject", metadata: { name: "second" }, spec };
    const collection = `/apis/keda.sh/v1alpha1/namespaces/${work.namespace}/scaledobjects`;
    assert.match(await work.cluster.rest.refusal(collection, second), /already managed by the ScaledObject/);
  });

  it(`writes nothing that the operator writes back, for ${quietSeconds} s`, async () => {
    await untilReplicas(1);
    const { ours, theirs } = await writesOfAQuietMinute(work, kedaUser);
    const allowed = [" scaledobjects/status ", " events "];
    const others = theirs.filter((write) => !allowed.some((some) => write.includes(some)));
    assert.deepEqual({ ours, others }, { ours: [], others: [] });
  });

  it("does not keep a service from being Ready while it is stopped, is reported, and scales once it is started", async () => {
    await keda.stop();
    const stopped = { status: "False", reason: "MetricsMissing", message: "external.metrics.k8s.io" } as const;
    await work.untilCondition(name, "ScalingReady", stopped, patiently);
    await work.apply("later", specOf("KEDA"));
    for (const service of [name, "later"]) {
      await work.untilCondition(service, "Ready", { status: "True" }, patiently);
    }
    await keda.startAll();
    await prometheus.reload();
    await untilScaling();
    await work.untilCondition("later", "ScalingReady", { status: "True" }, patiently);
    await work.cluster.kubectl("delete", "gpumediaservice", "later", "-n", work.namespace, "--cascade=foreground");
  });

  it("is not written to when our operator is upgraded", async () => {
    const children = async () => {
      const found = [childKinds.scaledObject.type, childKinds.deployment.type].map((type) => work.get(type, name));
      return (await Promise.all(found)).map((object) => [object?.kind, object?.metadata.generation]);
    };
    await untilReplicas(1);
    const before = await children();
    const writes = await writesOfAnUpgrade(work, async () => {
      await startOperator();
      await untilScaling();
      await untilReadAgain();
    });
    assert.deepEqual([await children(), writes], [before, []]);
  });
});
