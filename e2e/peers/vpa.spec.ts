/** The VerticalPodAutoscaler resizes our pods in place, on the memory that metrics-server reports of them, beside an HPA on CPU. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { startCluster } from "../cluster/cluster.ts";
import { shared } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { atOnce, quick } from "../specs/loop/loop-cluster.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { MetricsServer, metricsServerPrograms } from "./metrics-server.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";
import { VerticalAutoscaler, vpaPrograms, vpaUsers } from "./vpa.ts";
import { quietSeconds, writesOfAQuietMinute, writesOfAnUpgrade } from "./writes.ts";

if (isPossible) {
  await vpaPrograms();
  await metricsServerPrograms();
}

const cluster = shared(async () => {
  const started = await startCluster({ crds: true, privateNetwork: true });
  await started.addProcessNode({ gpus: 4, backOffMs: 500 });
  return started;
});

const name = "upscaler";
const patiently = { withinMs: 240_000 };
const checklistItem = "HPA/VPA configured";

/** Requests less memory than a processor uses, and less than the 250 MiB that the VPA recommends at least. */
const requested = "64Mi";
const spec = {
  ...quick,
  resources: { ...quick.resources, requests: { cpu: "500m", memory: requested } },
  gpu: { count: 1 },
  autoscaling: {
    horizontal: { minReplicas: 1, maxReplicas: 2, behavior: { scaleUp: atOnce, scaleDown: atOnce } },
    vertical: { enabled: true, mode: "Auto" },
  },
};

interface LivePod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly [
      { readonly resources: { readonly requests: Resources; readonly limits: Resources } },
    ];
  };
  readonly status: { readonly containerStatuses?: readonly [{ readonly restartCount: number }] };
}
type Resources = Readonly<Record<string, string>>;

describe("VerticalPodAutoscaler 1.8.1, with metrics-server 0.9.0", function () {
  this.timeout(600_000);
  skipUnlessPossible();
  const work = new Workspace();
  let vpa: VerticalAutoscaler;

  before(async () => {
    await work.open(await cluster());
    await work.startOperator();
    await work.apply(name, spec);
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    await MetricsServer.start(work.cluster, work.namespace);
    vpa = await VerticalAutoscaler.start(work.cluster);
  });
  after(() => work[Symbol.asyncDispose]());

  /** Each test begins with one resized pod, whatever the one before has left. */
  beforeEach(() => untilRaised());

  /** The reason of the checklist's item; undefined once there is nothing to do. */
  async function untilItem(reason: string | undefined): Promise<void> {
    await until(
      `${checklistItem} to be ${reason ?? "done"}`,
      async (see) => {
        const { guideChecklist } = (await work.service(name))?.status ?? {};
        const found = see(guideChecklist)?.find(({ item }) => item === checklistItem);
        return guideChecklist !== undefined && found?.reason === reason;
      },
      patiently,
    );
  }

  async function pods(): Promise<readonly LivePod[]> {
    const path = `/api/v1/namespaces/${work.namespace}/pods`;
    return ((await work.cluster.rest.request("GET", path)) as { readonly items: readonly LivePod[] }).items;
  }

  const requests = (pod: LivePod | undefined): Resources => pod?.spec.containers[0].resources.requests ?? {};

  async function untilRaised(): Promise<LivePod> {
    return until(
      "one pod with a larger request of memory",
      async (see) => {
        const [pod, ...others] = await pods();
        see(requests(pod));
        return others.length === 0 && pod !== undefined && requests(pod)["memory"] !== requested && pod;
      },
      patiently,
    );
  }

  function evictions(since: number): readonly string[] {
    const { namespace } = work;
    const { audit } = work.cluster;
    return audit
      .requests({ verb: ["create", "delete"], namespace, since })
      .filter(
        ({ objectRef, verb }) =>
          objectRef?.subresource === "eviction" || (verb === "delete" && objectRef?.resource === "pods"),
      )
      .map(({ requestURI }) => requestURI);
  }

  const generation = async () => (await work.child("deployment", name)).metadata.generation;

  /** Deletes the pod; returns the next one, which may not be ready yet. */
  async function replaced(): Promise<LivePod> {
    const [pod] = await pods();
    await work.cluster.kubectl("delete", "pod", pod?.metadata.name ?? "", "-n", work.namespace);
    return until(
      "another pod",
      async (see) => {
        const [next, ...others] = see(await pods());
        return others.length === 0 && next !== undefined && next.metadata.uid !== pod?.metadata.uid && next;
      },
      patiently,
    );
  }

  it("resizes in place the pod with a GPU that has started without it: no eviction, no restart, the same limits", async () => {
    await vpa.stop();
    const before = await replaced();
    assert.equal(requests(before)["memory"], requested);
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    const [since, deployed] = [Date.now(), await generation()];
    await vpa.startAll();
    const pod = await untilRaised();
    assert.deepEqual(evictions(since), []);
    assert.equal(pod.metadata.uid, before.metadata.uid);
    assert.equal(pod.status.containerStatuses?.[0].restartCount, 0);
    assert.deepEqual(pod.spec.containers[0].resources.limits, before.spec.containers[0].resources.limits);
    assert.deepEqual([requests(pod)["cpu"], await generation()], ["500m", deployed]);
  });

  it("is reported in the status, and never reverted by the operator", async () => {
    const recommended = await until(
      "a recommendation in the status",
      async () => (await work.service(name))?.status?.recommendation?.requests?.["memory"],
      patiently,
    );
    assert.match(recommended, /^\d+[kMG]?i?$/);
    await untilItem(undefined);
    await work.untilCondition(name, "ScalingReady", { status: "True" }, patiently);
    await work.untilQuiet();
    assert.notEqual(requests((await pods())[0])["memory"], requested);
  });

  it(`writes nothing that the operator writes back, for ${quietSeconds} s, beside an HPA on CPU that keeps its replicas`, async () => {
    const before = await generation();
    const { ours, theirs } = await writesOfAQuietMinute(work, ...vpaUsers);
    // Its own objects: recommendations and checkpoints.
    const others = theirs.filter((write) => !/ (?:verticalpodautoscaler\S*|events) /.test(write));
    assert.deepEqual({ ours, others, generation: await generation() }, { ours: [], others: [], generation: before });
  });

  it("gives a new pod its recommendation at once", async () => {
    const pod = await replaced();
    assert.notEqual(requests(pod)["memory"], requested);
    assert.match(pod.metadata.annotations?.["vpaUpdates"] ?? "", /memory request/);
  });

  it("is not written to when our operator is upgraded", async () => {
    const generations = async () =>
      Promise.all(
        [childKinds.verticalPodAutoscaler, childKinds.deployment].map(
          async ({ type }) => (await work.get(type, name))?.metadata.generation,
        ),
      );
    const before = await generations();
    const writes = await writesOfAnUpgrade(work, async () => {
      await work.startOperator();
      await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    });
    assert.deepEqual([await generations(), writes], [before, []]);
  });

  it("may be missing, and come later: the checklist reports this, and the service stays Ready", async () => {
    await vpa.stop();
    await vpa.removeCrds();
    await untilItem("VpaMissing");
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
    await vpa.install();
    await vpa.startAll();
    await untilItem(undefined);
    await until(
      "a recommendation",
      async () => (await work.service(name))?.status?.recommendation?.requests?.["memory"],
      patiently,
    );
    await work.untilCondition(name, "Ready", { status: "True" }, patiently);
  });
});
