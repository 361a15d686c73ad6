/** Kueue admits, holds back and preempts the pods of our Deployments, and the status reports each. */
import assert from "node:assert/strict";
import { startCluster } from "../cluster/cluster.ts";
import { nodeAddress } from "../cluster/process-node/network-namespace.ts";
import { shared } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { fixed, quick } from "../specs/loop/loop-cluster.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { kueuePrograms, kueueUser, startKueue, untilKueueIsReady } from "./kueue.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";
import { quietSeconds, writesOfAQuietMinute, writesOfAnUpgrade } from "./writes.ts";

if (isPossible) await kueuePrograms();

const cluster = shared(async () => {
  const started = await startCluster({ crds: true, privateNetwork: true });
  await started.addProcessNode({ gpus: 4, backOffMs: 500 });
  return started;
});

const api = "kueue.x-k8s.io/v1beta2";
const queue = "gpus";
const patiently = { withinMs: 240_000 };
const serving = { status: "True", reason: "Serving" } as const;
const heldBack = {
  status: "False",
  reason: "SchedulingGated",
  message: `Kueue's queue ${queue} has not admitted it`,
} as const;

/** Of one pod with one GPU, in the queue. `priority` is the name of a WorkloadPriorityClass. */
function specOf(priority?: string) {
  const labels = {
    "kueue.x-k8s.io/queue-name": queue,
    ...(priority === undefined ? {} : { "kueue.x-k8s.io/priority-class": priority }),
  };
  return { ...fixed(1), gpu: { count: 1 }, podMetadata: { labels } };
}

describe("Kueue 0.17.0", function () {
  this.timeout(900_000);
  skipUnlessPossible();
  const work = new Workspace();
  /** Whether the service without Kueue was ready when Kueue had started. */
  let early: string | undefined;

  before(async () => {
    await work.open(await cluster());
    await startOperator();
    // Before Kueue is there.
    await work.apply("early", specOf());
    await work.untilCondition("early", "Ready", serving, patiently);
    await startKueue(work.cluster);
    await admitGpus(1);
    await work.untilQuiet();
    early = (await work.condition("early", "Ready"))?.status;
    await remove("early");
  });
  after(() => work[Symbol.asyncDispose]());

  /** Each test begins with an empty queue. */
  afterEach(() => remove("--all"));

  async function startOperator(): Promise<void> {
    await work.startOperator({ parameters: ["--utilization-interval=500ms"], metricsApiAddress: nodeAddress });
  }

  /** Lets that many GPUs through the queue; what has a higher priority ends what has a lower one. */
  async function admitGpus(gpus: number): Promise<void> {
    const quota = { cpu: 100, memory: "100Gi", "nvidia.com/gpu": gpus };
    const resources = Object.entries(quota).map(([name, nominalQuota]) => ({ name, nominalQuota }));
    const of = (kind: string, name: string, contents: object) => ({
      apiVersion: api,
      kind,
      metadata: { name },
      ...contents,
    });
    const local = { apiVersion: api, kind: "LocalQueue", metadata: { name: queue, namespace: work.namespace } };
    const objects = [
      of("ResourceFlavor", "any", { spec: {} }),
      of("ClusterQueue", "all", {
        spec: {
          namespaceSelector: {},
          preemption: { withinClusterQueue: "LowerPriority" },
          resourceGroups: [{ coveredResources: Object.keys(quota), flavors: [{ name: "any", resources }] }],
        },
      }),
      { ...local, spec: { clusterQueue: "all" } },
      of("WorkloadPriorityClass", "urgent", { value: 1000, description: "Ends others." }),
    ];
    await work.cluster.kubectlWithInput(objects, "apply", "--server-side", "-f", "-");
  }

  /** `names`: of services, or `--all`. */
  async function remove(...names: readonly string[]): Promise<void> {
    await work.cluster.kubectl("delete", "gpumediaservice", ...names, "-n", work.namespace, "--cascade=foreground");
  }

  it("is not missed by a service in a queue, and lets its pods be when it starts later", () => {
    assert.equal(early, "True");
  });

  /** One service whose pod is admitted, and one whose pod is held back. */
  async function oneServedOneWaiting(): Promise<void> {
    await admitGpus(1);
    await work.apply("served", specOf());
    await work.untilCondition("served", "Ready", serving, patiently);
    await work.apply("waiting", specOf());
    await work.untilCondition("waiting", "Ready", heldBack, patiently);
  }

  it("admits pods up to the quota and holds back the others, and each status reports it", async () => {
    await oneServedOneWaiting();
    await work.untilCondition("waiting", "GpuCapacity", { status: "True", message: "held back by scheduling gates" });
    await admitGpus(2);
    await work.untilCondition("waiting", "Ready", serving, patiently);
  });

  it("ends a pod of lower priority for one of higher priority, and its status reports that it waits", async () => {
    await admitGpus(1);
    await work.apply("patient", specOf());
    await work.untilCondition("patient", "Ready", serving, patiently);
    await work.apply("pressing", specOf("urgent"));
    await work.untilCondition("pressing", "Ready", serving, patiently);
    await work.untilCondition("patient", "Ready", heldBack, patiently);
    await remove("pressing");
    await work.untilCondition("patient", "Ready", serving, patiently);
  });

  it(`writes nothing that the operator writes back, for ${quietSeconds} s`, async () => {
    await oneServedOneWaiting();
    // After a minute, a rollout no longer counts on the pod that waits: the Deployment may go without it.
    const isInPlace = async (): Promise<boolean> =>
      (await work.service("waiting"))?.status?.rollout?.strategy === "InPlace";
    await until("the rollout in place", isInPlace, patiently);
    assert.deepEqual(await writesOfAQuietMinute(work, kueueUser), { ours: [], theirs: [] });
  });

  it("is not written to when our operator is upgraded", async () => {
    await oneServedOneWaiting();
    assert.deepEqual(await writesOfAnUpgrade(work, startOperator), []);
    await work.untilCondition("served", "Ready", serving, patiently);
    await work.untilCondition("waiting", "Ready", heldBack, patiently);
  });

  it("keeps no service from being Ready while it is stopped, whose refused change is reported, and made afterwards", async () => {
    await admitGpus(1);
    await work.apply("served", specOf());
    await work.untilCondition("served", "Ready", serving, patiently);
    const { generation } = (await work.child("deployment", "served")).metadata;
    await work.cluster.processes.kill("kueue");
    try {
      const changed = { ...quick.processing, env: [...quick.processing.env, { name: "CHANGED", value: "yes" }] };
      await work.apply("served", { ...specOf(), processing: changed });
      const refused = { status: "True", reason: "ApiServerError", message: "kb.io" } as const;
      await work.untilCondition("served", "Reconciling", refused, patiently);
      assert.equal((await work.condition("served", "Ready"))?.status, "True");
    } finally {
      await work.cluster.processes.restart("kueue");
      await untilKueueIsReady(work.cluster);
    }
    const isChanged = async (): Promise<boolean> => {
      return (await work.child("deployment", "served")).metadata.generation !== generation;
    };
    await until("the change", isChanged, patiently);
    await work.untilCondition("served", "Ready", serving, patiently);
  });
});
