/** Each cause why a service does not serve has its own reason, and a message that names the cause and the next step. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { clusterType, type KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { failingImages } from "../../cluster/cluster.ts";
import type { Taint } from "../../cluster/nodes.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { createQuota, quotaType } from "./quota.ts";
import { isReady, pods, podsOf } from "./reporting-pods.ts";
import type { Workspace } from "./workspace.ts";

const namespaces = clusterType("v1", "Namespace", "namespaces");

/** Adds a node for the services of one test, and returns the scheduling settings that select it. */
async function pool(work: Workspace, gpus: number, taints: readonly Taint[] = []): Promise<object> {
  const name = `pool-${randomUUID().slice(0, 8)}`;
  await work.cluster.addNodes({ count: 1, gpus, labels: { pool: name }, taints, namePrefix: name });
  return { nodeSelector: { pool: name } };
}

describe("a service that is not serving", () => {
  const work = operatorWorkspace("test");

  it("names the holders while every GPU is in use, and recovers when a GPU is freed", async () => {
    const scheduling = await pool(work, 2);
    await work.apply("holder", { scheduling, autoscaling: { horizontal: { minReplicas: 1 } } });
    await work.untilReady("holder");
    // Holds GPUs on other nodes, which must not be named.
    await work.apply("elsewhere", {});
    await work.untilReady("elsewhere");
    await work.apply("waiting", { scheduling });
    const shortage = { status: "False", message: "no node has 1 free nvidia.com/gpu: 2 of 2 in use by" } as const;
    await work.untilCondition("waiting", "Ready", { ...shortage, reason: "WaitingForGpu" });
    await work.untilCondition("waiting", "GpuCapacity", { ...shortage, reason: "Exhausted" });
    const { message } = await work.untilCondition("waiting", "Reconciling", { status: "True" });
    const { namespace } = work;
    assert.ok(message.includes(` in use by ${namespace}/holder (1), ${namespace}/waiting (1); `), message);
    // Not stalled: a node autoscaler may add a GPU without any action by the user.
    assert.equal(await work.condition("waiting", "Stalled"), undefined);
    // The replica that has a GPU may still be starting.
    await until("1 of 2 replicas to serve", async (see) => {
      return see((await work.service("waiting"))?.status?.summary)?.replicas === "1/2";
    });

    await work.delete(serviceType, "holder");
    // Long before the next resync of all services.
    await work.untilCondition("waiting", "GpuCapacity", { status: "True", reason: "Sufficient" });
    await work.untilCondition("waiting", "Ready", { status: "True" });
  });

  it("reports that no node offers the requested device", async () => {
    await work.apply("mig", { gpu: { resourceName: "nvidia.com/mig-7g.80gb" } });
    await work.untilCondition("mig", "Ready", {
      reason: "WaitingForGpu",
      message: "no node offers nvidia.com/mig-7g.80gb",
    });
  });

  it("reports why the nodes with GPUs are excluded", async () => {
    const scheduling = await pool(work, 4, [{ key: "team", value: "other", effect: "NoSchedule" }]);
    await work.apply("excluded", { scheduling });
    // The scheduler may try before it knows the node: "didn't match Pod's node affinity/selector".
    await work.untilCondition("excluded", "Ready", { reason: "Unschedulable", message: "untolerated taint" });
  });

  it("names a label and an affinity that no node has, and never reports enough GPUs meanwhile", async () => {
    await work.apply("typo", { scheduling: { nodeSelector: { pool: "typo" } } });
    const label = { status: "False", message: "no node with nvidia.com/gpu has the label pool=typo" } as const;
    await work.untilCondition("typo", "Ready", { ...label, reason: "Unschedulable" });
    await work.untilCondition("typo", "GpuCapacity", { ...label, reason: "Exhausted" });
    const matchExpressions = [{ key: "zone", operator: "In", values: ["nowhere"] }];
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } };
    const gpu = { count: 0 };
    await work.apply("nowhere", { gpu, scheduling: { affinity: { nodeAffinity: required } } });
    await work.untilCondition("nowhere", "Ready", {
      reason: "Unschedulable",
      // "no node", or "no other node" beside the tainted node of another test.
      message: " matches zone in (nowhere) (scheduling.affinity.nodeAffinity); correct it, or label a node",
    });
  });

  it("completes a rollout without a spare GPU, pod by pod", async () => {
    const spec = { scheduling: await pool(work, 2), autoscaling: { horizontal: { maxReplicas: 2 } } };
    await work.apply("full", spec);
    await work.untilReady("full");
    await work.apply("full", { ...spec, processing: { env: [{ name: "CHANGED", value: "yes" }] } });
    await work.untilReady("full");
    assert.equal((await work.service("full"))?.status?.rollout?.strategy, "InPlace");
    for (const pod of await podsOf(work, "full")) assert.match(JSON.stringify(pod), /CHANGED/);
  });

  it("completes a rollout while more replicas are wanted than there are GPUs", async () => {
    const spec = { scheduling: await pool(work, 4), replicas: 6, autoscaling: { horizontal: { enabled: false } } };
    const untilServing = (done: string, isNew: (pod: string) => boolean) =>
      until(`4 of 6 replicas to be ready ${done}`, async (see) => {
        const all = await podsOf(work, "crowded");
        const ready = all.filter(isReady);
        see({ ready: ready.length, old: all.filter((pod) => !isNew(JSON.stringify(pod))).length });
        return ready.length === 4 && all.length === 6 && all.every((pod) => isNew(JSON.stringify(pod)));
      });
    await work.apply("crowded", spec);
    await untilServing("at first", () => true);
    await work.apply("crowded", { ...spec, podMetadata: { annotations: { changed: "yes" } } });
    await untilServing("with the changed annotation", (pod) => pod.includes('"changed":"yes"'));
    await until("the rollout's strategy in the status", async (see) => {
      const { rollout } = see((await work.service("crowded"))?.status) ?? {};
      return rollout?.strategy === "InPlace" && rollout.waiting === 2;
    });

    // As `kubectl set image` does. The operator repairs the image, and no pod of the other image may remain.
    const { metadata } = await work.child("deployment", "crowded");
    const image = "/spec/template/spec/containers/0/image";
    await work.patch(childKinds.deployment.type, "crowded", [
      { op: "replace", path: image, value: "example.com/other:1" },
    ]);
    await until("the image to be repaired", async (see) => {
      const { metadata: now, spec: live } = await work.child("deployment", "crowded");
      return (
        see([now.generation, live.template.spec.containers[0].image]) &&
        (now.generation ?? 0) > (metadata.generation ?? 0) + 1
      );
    });
    await untilServing("with the service's image", (pod) => !pod.includes("example.com/other:1"));
  });

  it("replaces pods in place where GPUs are free and the quota is used up", async () => {
    const spec = { scheduling: await pool(work, 4), autoscaling: { horizontal: { maxReplicas: 2 } } };
    await work.createObject(quotaType, "gpus", { spec: { hard: { "requests.nvidia.com/gpu": "2" } } });
    await work.apply("full-quota", spec);
    await work.untilReady("full-quota");
    await until("the quota to be used up", async (see) => {
      const live: (KubeObject & { status?: { used?: Record<string, string> } }) | undefined = await work.get(
        quotaType,
        "gpus",
      );
      return see(live?.status?.used)?.["requests.nvidia.com/gpu"] === "2";
    });
    await work.apply("full-quota", { ...spec, podMetadata: { annotations: { changed: "yes" } } });
    await work.untilReady("full-quota");
    const { rollout } = (await work.service("full-quota"))?.status ?? {};
    assert.equal(rollout?.strategy, "InPlace");
    assert.match(rollout?.message ?? "", /^quota gpus had requests\.nvidia\.com\/gpu for 0 of 1 more replicas: /);
    for (const pod of await podsOf(work, "full-quota")) assert.match(JSON.stringify(pod), /"changed":"yes"/);
  });

  it("switches a rollout from a surge to in place when the surge pod gets no CPU within a minute", async () => {
    const name = `narrow-${randomUUID().slice(0, 8)}`;
    // CPU for two pods of 4 and not for three.
    await work.cluster.addNodes({
      count: 1,
      gpus: 4,
      labels: { pool: name },
      namePrefix: name,
      resources: { cpu: "9" },
    });
    const spec = { scheduling: { nodeSelector: { pool: name } }, resources: { requests: { cpu: "4" } } };
    await work.apply("narrow", spec);
    await work.untilReady("narrow");
    await work.apply("narrow", { ...spec, podMetadata: { annotations: { changed: "yes" } } });
    await work.untilCondition("narrow", "Ready", { reason: "Unschedulable", message: "Insufficient cpu" });
    assert.equal((await work.service("narrow"))?.status?.rollout?.strategy, "Surge");
    await work.untilCondition("narrow", "Ready", { status: "True" }, { withinMs: 120_000 });
    const { rollout } = (await work.service("narrow"))?.status ?? {};
    assert.equal(rollout?.strategy, "InPlace");
    assert.match(rollout?.message ?? "", /^switched from Surge after 1 minute: .* Insufficient cpu/);
    for (const pod of await podsOf(work, "narrow")) assert.match(JSON.stringify(pod), /"changed":"yes"/);
  });

  const images = [
    {
      image: failingImages.pullFails,
      reason: "ImagePullFailed",
      message: "cannot pull its image: Back-off pulling image",
    },
    { image: failingImages.crashes, reason: "CrashLoop", message: "exited with code 1 (3 restarts)" },
    { image: failingImages.neverReady, reason: "ProbesFailing", message: "is running but not ready" },
  ] as const;
  for (const { image, reason, message } of images) {
    it(`reports ${reason} for the image ${image.replace(/.*\/|:1/g, "")}`, async () => {
      await work.apply("broken", { image });
      await work.untilCondition("broken", "Ready", { status: "False", reason, message });
      await work.untilCondition("broken", "Available", { status: "False", reason: "NoReplicaServes" });
    });
  }

  it("reports OutOfMemory for a processor killed by the kernel, and CrashLoop with the last output for one that exited, and the driver for one that cannot start", async () => {
    await work.apply("oom", { image: failingImages.neverReady });
    await work.untilCondition("oom", "Ready", { reason: "ProbesFailing" });
    await until("both containers to run", async (see) => {
      const found = see(await podsOf(work, "oom"));
      return found.length === 2 && found.every((pod) => JSON.stringify(pod).includes('"running":{'));
    });
    const terminate = async (terminated: object): Promise<void> => {
      const status = "/status/containerStatuses/0";
      const operations = [
        { op: "add", path: `${status}/restartCount`, value: 2 },
        { op: "add", path: `${status}/state`, value: { waiting: { reason: "CrashLoopBackOff" } } },
        { op: "add", path: `${status}/lastState`, value: { terminated } },
      ] as const;
      for (const { metadata } of await podsOf(work, "oom"))
        await work.client.jsonPatch(pods, work.namespace, metadata.name, operations, { subresource: "status" });
    };
    await terminate({ exitCode: 137, reason: "OOMKilled" });
    const { message } = await work.untilCondition("oom", "Ready", { reason: "OutOfMemory" });
    assert.match(message, /2 restarts\); raise resources\.limits\.memory/);
    const requirement = "nvidia-container-cli: requirement error: unsatisfied condition: cuda>=13.0";
    const startError = `failed to create containerd task: OCI runtime create failed: stderr: Auto-detected mode as 'legacy'\n${requirement}: unknown`;
    await terminate({ exitCode: 128, reason: "StartError", message: startError });
    await work.untilCondition("oom", "Ready", {
      reason: "ContainerNotCreated",
      message: `cannot create its container (StartError): ${requirement}; CUDA 13.0 needs driver 580 or later on node`,
    });
    await terminate({ exitCode: 3, reason: "Error", message: "the model /models/a.onnx has no image input\n" });
    await work.untilCondition("oom", "Ready", {
      reason: "CrashLoop",
      message: "exited with code 3 (2 restarts): the model /models/a.onnx has no image input",
    });
  });

  it("reports the kubelet's words and one event for pods that a node rejects, and recovers", async () => {
    const scheduling = await pool(work, 2);
    await work.apply("lost", { scheduling, autoscaling: { horizontal: { maxReplicas: 2 } } });
    await work.untilReady("lost");
    const [pod] = await podsOf(work, "lost");
    const node = (pod as { readonly spec?: { readonly nodeName: string } } | undefined)?.spec?.nodeName;
    assert.ok(pod !== undefined && node !== undefined);
    const cordon = (unschedulable: boolean): Promise<void> =>
      work.mergePatch(`/api/v1/nodes/${node}`, { spec: { unschedulable } });
    await cordon(true);
    const message =
      "Pod was rejected: Allocate failed due to no healthy devices present; cannot allocate unhealthy devices nvidia.com/gpu, which is unexpected";
    await work.patchPodStatus(pod.metadata.name, {
      phase: "Failed",
      reason: "UnexpectedAdmissionError",
      message,
      conditions: null,
      containerStatuses: null,
    });
    await work.untilCondition("lost", "Ready", {
      status: "False",
      reason: "FailedOnNode",
      message: `1 of 2 replicas are ready; pod ${pod.metadata.name} failed on node ${node} (UnexpectedAdmissionError): ${message}; check the GPUs and the device plugin of node ${node}`,
    });
    const events = await until("the event", async (see) => {
      const path = `/apis/events.k8s.io/v1/namespaces/${work.namespace}/events`;
      const { body } = await work.client.rawJson("GET", path);
      const { items } = body as { readonly items: readonly { readonly reason: string }[] };
      const found = see(items).filter(({ reason }) => reason === "FailedOnNode");
      return found.length > 0 && found;
    });
    assert.equal(events.length, 1);
    await cordon(false);
    await work.untilReady("lost");
  });

  it("names the scheduling gate and Kueue's queue of a pod that is held back", async () => {
    const spec = { podMetadata: { labels: { "kueue.x-k8s.io/queue-name": "gpus" } } };
    await work.apply("gated", spec);
    await work.untilReady("gated");
    // Kueue's webhook adds the gate to each pod; another owner's field in the template has the same effect.
    await work.patch(childKinds.deployment.type, "gated", [
      { op: "add", path: "/spec/template/spec/schedulingGates", value: [{ name: "kueue.x-k8s.io/admission" }] },
    ]);
    await work.untilCondition("gated", "Ready", {
      status: "False",
      reason: "SchedulingGated",
      message: "is held back by the scheduling gate kueue.x-k8s.io/admission: Kueue's queue gpus has not admitted it",
    });
    await work.untilCondition("gated", "GpuCapacity", { status: "True", message: "held back by scheduling gates" });
  });

  it("reports an exceeded quota, and serves once the quota allows its pods", async () => {
    await createQuota(work, "tight", { pods: "0" });
    await work.apply("limited", {});
    await work.untilCondition("limited", "Ready", { reason: "QuotaExceeded", message: "exceeded quota: tight" });
    await work.delete(quotaType, "tight");
    // Creates a new ReplicaSet, so that the test need not wait for the ReplicaSet controller's back-off.
    await work.apply("limited", { processing: { env: [{ name: "AGAIN", value: "yes" }] } });
    await work.untilReady("limited");
  });

  it("reports that Pod Security rejects the pods", async () => {
    // Of the Deployment whose pods it rejects.
    work.expectedWarnings = [/^would violate PodSecurity "restricted:latest": forbidden sysctls \(kernel\.msgmax\)$/];
    const path = "/metadata/labels/pod-security.kubernetes.io~1enforce";
    await work.client.jsonPatch(namespaces, "", work.namespace, [{ op: "add", path, value: "restricted" }]);
    await work.apply("unsafe", { sysctls: { "kernel.msgmax": "65536" } });
    await work.untilCondition("unsafe", "Ready", {
      reason: "PodsForbidden",
      message: 'forbidden sysctls (kernel.msgmax); set the kernel parameter to "" in spec.sysctls',
    });
    await work.apply("safe", {});
    await work.untilReady("safe");
  });
});
