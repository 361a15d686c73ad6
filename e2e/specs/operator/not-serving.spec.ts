/** Why is it not serving? Each cause has a reason of its own, and a message that names it and what to do. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { KubeObject, ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { failingImages } from "../../cluster/cluster.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

const pods: ResourceType = { group: "", version: "v1", kind: "Pod", resource: "pods", namespaced: true };
const quotas: ResourceType = {
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  resource: "resourcequotas",
  namespaced: true,
};

/** Nodes that only the services of one test may use, with so many GPUs in all. */
async function pool(work: Workspace, gpus: number): Promise<object> {
  const name = `pool-${randomUUID().slice(0, 8)}`;
  await work.cluster.addNodes({ count: 1, gpus, labels: { pool: name }, namePrefix: name });
  return { nodeSelector: { pool: name } };
}

describe("a service that is not serving", () => {
  let work: Workspace;

  beforeEach(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator();
  });
  afterEach(() => work[Symbol.asyncDispose]());

  async function podsOf(service: string): Promise<readonly KubeObject[]> {
    const { items } = await work.client.list(pods, {
      namespace: work.namespace,
      labelSelector: `gpumedia.io/service=${service}`,
    });
    return items;
  }

  it("names the shortage while every GPU is in use, and who holds them; a freed GPU clears it", async () => {
    const scheduling = await pool(work, 2);
    await work.apply("holder", { scheduling, autoscaling: { horizontal: { minReplicas: 1 } } });
    await work.untilReady("holder");
    // Holds GPUs, too, on nodes that the others may not use.
    await work.apply("elsewhere", {});
    await work.untilReady("elsewhere");
    await work.apply("waiting", { scheduling });
    const says = `no node has 1 free nvidia.com/gpu: 2 of 2 in use by`;
    await work.untilCondition("waiting", "Ready", { status: "False", reason: "WaitingForGpu", says });
    await work.untilCondition("waiting", "GpuCapacity", { status: "False", reason: "Exhausted", says });
    const { message } = await work.untilCondition("waiting", "Reconciling", { status: "True" });
    const { namespace } = work;
    assert.ok(message.includes(` in use by ${namespace}/holder (1), ${namespace}/waiting (1); `), message);
    // A node autoscaler may bring a GPU: nobody has to act.
    assert.equal(
      (await work.service("waiting"))?.status?.conditions?.find(({ type }) => type === "Stalled"),
      undefined,
    );
    // The one that has a GPU may still be starting.
    await until("the other replica to serve", async () =>
      (await work.service("waiting"))?.status?.summary?.replicas === "1/2" ? true : undefined,
    );

    await work.delete(serviceType, "holder");
    const withinMs = 5_000;
    await work.untilCondition("waiting", "GpuCapacity", { status: "True", reason: "Sufficient" }, { withinMs });
    await work.untilCondition("waiting", "Ready", { status: "True" }, { withinMs });
  });

  it("says that no node offers the device that it asks for", async () => {
    await work.apply("mig", { gpu: { resourceName: "nvidia.com/mig-7g.80gb" } });
    await work.untilCondition("mig", "Ready", {
      reason: "WaitingForGpu",
      says: "no node offers nvidia.com/mig-7g.80gb",
    });
  });

  it("says that the nodes with GPUs are excluded, and by what", async () => {
    const name = `tainted-${randomUUID().slice(0, 8)}`;
    const taints = [{ key: "team", value: "other", effect: "NoSchedule" }] as const;
    await work.cluster.addNodes({ count: 1, gpus: 4, labels: { pool: name }, taints, namePrefix: name });
    await work.apply("excluded", { scheduling: { nodeSelector: { pool: name } } });
    const { message } = await work.untilCondition("excluded", "Ready", { reason: "Unschedulable" });
    assert.match(message, /untolerated taint/);
  });

  it("finishes a rollout with no spare GPU, one pod after the other", async () => {
    const scheduling = await pool(work, 2);
    await work.apply("full", { scheduling, autoscaling: { horizontal: { maxReplicas: 2 } } });
    await work.untilReady("full");
    await work.apply("full", {
      scheduling,
      autoscaling: { horizontal: { maxReplicas: 2 } },
      processing: { env: [{ name: "CHANGED", value: "yes" }] },
    });
    await work.untilCondition("full", "Ready", { status: "True" });
    assert.equal((await work.service("full"))?.status?.rollout?.strategy, "InPlace");
    for (const pod of await podsOf("full")) assert.match(JSON.stringify(pod), /CHANGED/);
  });

  const images = [
    {
      image: failingImages.pullFails,
      reason: "ImagePullFailed",
      says: "cannot pull its image: Back-off pulling image",
    },
    { image: failingImages.crashes, reason: "CrashLoop", says: "exited with code 1 (3 restarts)" },
    { image: failingImages.neverReady, reason: "ProbesFailing", says: "is running but not ready" },
  ] as const;
  for (const { image, reason, says } of images) {
    it(`says ${reason} of an image that ${image.replace(/.*\/|:1/g, "")}`, async () => {
      await work.apply("broken", { image });
      await work.untilCondition("broken", "Ready", { status: "False", reason, says });
      await work.untilCondition("broken", "Available", { status: "False", reason: "NoReplicaServes" });
    });
  }

  it("says OutOfMemory of a processor that the kernel ended, and CrashLoop with its last words of one that ended itself", async () => {
    await work.apply("oom", { image: failingImages.neverReady });
    await work.untilCondition("oom", "Ready", { reason: "ProbesFailing" });
    const ended = async (terminated: object): Promise<void> => {
      for (const { metadata } of await podsOf("oom")) {
        await work.client.jsonPatch(
          pods,
          work.namespace,
          metadata.name,
          [
            { op: "add", path: "/status/containerStatuses/0/restartCount", value: 2 },
            {
              op: "add",
              path: "/status/containerStatuses/0/state",
              value: { waiting: { reason: "CrashLoopBackOff" } },
            },
            { op: "add", path: "/status/containerStatuses/0/lastState", value: { terminated } },
          ],
          { subresource: "status" },
        );
      }
    };
    await ended({ exitCode: 137, reason: "OOMKilled" });
    const { message } = await work.untilCondition("oom", "Ready", { reason: "OutOfMemory" });
    assert.match(message, /2 restarts\); raise resources\.limits\.memory/);
    await ended({ exitCode: 3, reason: "Error", message: "the model /models/a.onnx has no image input\n" });
    await work.untilCondition("oom", "Ready", {
      reason: "CrashLoop",
      says: "exited with code 3 (2 restarts): the model /models/a.onnx has no image input",
    });
  });

  it("says that a quota leaves no room for pods, and serves when it does", async () => {
    const quota = { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "tight", namespace: work.namespace } };
    await work.client.create(quotas, { ...quota, spec: { hard: { pods: "0" } } } as typeof quota, {
      fieldManager: "spec",
    });
    await until("the quota to be counted", async () => {
      const live: (KubeObject & { status?: { used?: object } }) | undefined = await work.get(quotas, "tight");
      return live?.status?.used;
    });
    await work.apply("limited", {});
    await work.untilCondition("limited", "Ready", { reason: "QuotaExceeded", says: "exceeded quota: tight" });
    await work.delete(quotas, "tight");
    // The ReplicaSet's controller has its own back-off: it need not be waited for to see that ours is no obstacle.
    await work.apply("limited", { processing: { env: [{ name: "AGAIN", value: "yes" }] } });
    await work.untilReady("limited");
  });

  it("says that Pod Security forbids the pods", async () => {
    const label = {
      op: "add",
      path: "/metadata/labels/pod-security.kubernetes.io~1enforce",
      value: "restricted",
    } as const;
    const namespaces: ResourceType = {
      group: "",
      version: "v1",
      kind: "Namespace",
      resource: "namespaces",
      namespaced: false,
    };
    await work.client.jsonPatch(namespaces, "", work.namespace, [label]);
    await work.apply("unsafe", { sysctls: { "kernel.msgmax": "65536" } });
    await work.untilCondition("unsafe", "Ready", { reason: "PodsForbidden", says: "violates PodSecurity" });
    await work.apply("safe", {});
    await work.untilReady("safe");
  });
});
