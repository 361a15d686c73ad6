/** Karpenter adds nodes for the pods of our services and removes them, and the status reports which node comes. */
import assert from "node:assert/strict";
import { startCluster } from "../cluster/cluster.ts";
import { shared } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { fixed } from "../specs/loop/loop-cluster.ts";
import { podsOf, readyPods, report, ReportingPod } from "../specs/operator/reporting-pods.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { installKarpenterCrds, karpenterPrograms, karpenterUser, nodePool, startKarpenter } from "./karpenter.ts";
import { quietSeconds, writesOfAQuietMinute, writesOfAnUpgrade } from "./writes.ts";

await karpenterPrograms();

const cluster = shared(() => startCluster({ crds: true }));

const patiently = { withinMs: 180_000 };
const serving = { status: "True", reason: "Serving" } as const;
const coming = { status: "False", reason: "WaitingForNode", message: `NodeClaim ${nodePool}-` } as const;
const shortage = { status: "False", reason: "WaitingForGpu", message: "no node offers nvidia.com/gpu" } as const;
const doNotDisrupt = "karpenter.sh/do-not-disrupt";

/** Pods with one GPU each. */
const specOf = (replicas: number) => ({ ...fixed(replicas), gpu: { count: 1 } });
/** The default prefers a node for each pod, and Karpenter adds nodes as if that were required. */
const onOneNode = (replicas: number) => ({ ...specOf(replicas), scheduling: { topologySpreadConstraints: [] } });

describe("Karpenter 1.15.0 with its kwok provider", function () {
  this.timeout(900_000);
  const work = new Workspace();

  before(async () => {
    await work.open(await cluster());
    // The scheduler names no GPU in a cluster without nodes.
    await work.cluster.addNodes({ gpus: 0, namePrefix: "system" });
    await startOperator();
    // It is installed after the operator, and after a service that waits for it.
    await work.apply("early", specOf(1));
    await work.untilCondition("early", "Ready", shortage, patiently);
    await installKarpenterCrds(work.cluster);
    await work.operator.untilLogged("the served APIs changed");
    await startKarpenter(work.cluster);
    await work.untilCondition("early", "Ready", coming, patiently);
    await work.untilCondition("early", "Ready", serving, patiently);
    await removeServices();
  });
  /** Each test begins without nodes: what it adds is what its own service needs. */
  afterEach(() => removeServices());
  after(() => work[Symbol.asyncDispose]());

  async function startOperator(): Promise<void> {
    await work.startOperator({ parameters: ["--utilization-interval=500ms"] });
  }

  async function removeServices(): Promise<void> {
    await work.cluster.kubectl("delete", "gms", "--all", "-n", work.namespace, "--cascade=foreground");
    await until("Karpenter to remove its nodes", async (see) => see(await nodes()).length === 0, patiently);
  }

  /** Karpenter's, each as `instance type name`. */
  async function nodes(): Promise<readonly string[]> {
    const { items } = (await work.cluster.rest.request(
      "GET",
      "/api/v1/nodes?labelSelector=karpenter.sh/nodepool",
    )) as NodeList;
    return items.map(({ metadata }) => `${metadata.labels["node.kubernetes.io/instance-type"]} ${metadata.name}`);
  }

  async function untilServing(service: string, spec: object): Promise<void> {
    await work.apply(service, spec);
    await work.untilCondition(service, "Ready", serving, patiently);
  }

  /** What the pods have. */
  async function annotations(service: string): Promise<readonly (string | undefined)[]> {
    return (await podsOf(work, service)).map(({ metadata }) => metadata.annotations?.[doNotDisrupt]);
  }

  async function untilAnnotated(service: string, value: string | undefined): Promise<void> {
    await until(
      `${doNotDisrupt} of the pods to be ${value}`,
      async (see) => see(await annotations(service)).every((found) => found === value),
      patiently,
    );
  }

  /** Karpenter's words about why it keeps nodes, since a time in ms. Its events have whole seconds. */
  async function keptBecause(since: number): Promise<readonly string[]> {
    const { items } = JSON.parse(await work.cluster.kubectl("get", "events", "-A", "-o", "json")) as EventList;
    return items
      .filter(
        ({ reason, lastTimestamp }) =>
          reason === "DisruptionBlocked" && Date.parse(lastTimestamp ?? "") >= since - 1_000,
      )
      .map(({ message }) => message);
  }

  it("adds none that no instance type allows, and the status has its words beside the shortage", async () => {
    await work.apply("large", { ...specOf(1), gpu: { count: 8 } });
    const refused = { ...shortage, message: "; Karpenter adds no node for it: " } as const;
    await work.untilCondition("large", "Ready", refused, patiently);
    await work.untilCondition("large", "GpuCapacity", { ...refused, reason: "Exhausted" }, patiently);
  });

  it("keeps a pod with sessions on its node, and moves it to a cheaper one once they have ended", async () => {
    await untilServing("streams", onOneNode(2));
    const before = await nodes();
    assert.match(before.join(), /^gpu-4 [^,]+$/);
    const reporting = await Promise.all(
      (await readyPods(work, "streams", 2)).map((pod) => ReportingPod.open(work, pod)),
    );
    for (const pod of reporting) pod.answer = { ...report({}), sessions: 1 };
    await untilAnnotated("streams", "true");
    // A node with one GPU would do now, and costs less.
    const since = Date.now();
    await work.apply("streams", onOneNode(1));
    const [left] = await readyPods(work, "streams", 1);
    await until(
      "Karpenter to keep the node for the pod",
      async (see) =>
        see(await keptBecause(since)).some(
          (text) => text.includes(doNotDisrupt) && text.includes(left?.metadata.name ?? "?"),
        ),
      patiently,
    );
    assert.deepEqual([await nodes(), await annotations("streams")], [before, ["true"]]);
    for (const pod of reporting) pod.answer = { ...report({}), sessions: 0 };
    await until("one node with one GPU", async (see) => /^gpu-1 [^,]+$/.test(see(await nodes()).join()), patiently);
    await work.untilCondition("streams", "Ready", serving, patiently);
  });

  it(`writes nothing that the operator writes back, for ${quietSeconds} s`, async () => {
    await untilServing("quiet", specOf(1));
    await untilAnnotated("quiet", undefined);
    assert.deepEqual(await writesOfAQuietMinute(work, karpenterUser), { ours: [], theirs: [] });
  });

  it("is not written to when our operator is upgraded", async () => {
    await untilServing("kept", specOf(1));
    await untilAnnotated("kept", undefined);
    const before = await nodes();
    assert.deepEqual([await writesOfAnUpgrade(work, startOperator), await nodes()], [[], before]);
    await work.untilCondition("kept", "Ready", serving);
  });

  it("keeps no service from being Ready while it is stopped, and adds nodes once it is started", async () => {
    await untilServing("served", specOf(1));
    await work.cluster.processes.kill("karpenter");
    await work.apply("later", specOf(4));
    await work.untilCondition("later", "Ready", { status: "False", reason: "WaitingForGpu" }, patiently);
    await work.untilCondition("served", "Ready", serving);
    await startKarpenter(work.cluster);
    await work.untilCondition("later", "Ready", coming, patiently);
    await work.untilCondition("later", "Ready", serving, patiently);
  });
});

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  }[];
}

interface EventList {
  readonly items: readonly {
    readonly reason: string;
    readonly message: string;
    readonly lastTimestamp?: string | null;
  }[];
}
