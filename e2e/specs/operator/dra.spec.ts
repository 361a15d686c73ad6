/** GPUs that a DRA driver offers are counted as the real scheduler allocates them. */
import assert from "node:assert/strict";
import { deviceClassType } from "@gpumedia/operator/src/observe/device-class-view.ts";
import { resourceClaimType } from "@gpumedia/operator/src/observe/resource-claim-view.ts";
import { resourceSliceType } from "@gpumedia/operator/src/observe/resource-slice-view.ts";
import { deviceTaintRuleType } from "@gpumedia/operator/src/observe/device-taint-rule-view.ts";
import { quotaType as quotas } from "@gpumedia/operator/src/observe/quota-view.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { startCluster } from "../../cluster/cluster.ts";
import { describeSince, isSince, onlySince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import { deviceClass, draWorkspace, driver, fixed, ofGpus, pool, publish, untilCapacity } from "./fake-devices.ts";
import { podsOf } from "./reporting-pods.ts";
import { Workspace } from "./workspace.ts";

describeSince("1.34")("GPUs by Dynamic Resource Allocation", function () {
  this.timeout(120_000);
  const work = draWorkspace();

  before(() => deviceClass(work, driver, { extendedResourceName: "nvidia.com/gpu", selectors: ofGpus }));

  it("names the holders while every device is in use, and recovers when one is released", async () => {
    const { node, scheduling } = await pool(work);
    await publish(work, node, 2);
    await work.apply("holder", fixed(1, { scheduling }));
    await work.untilReady("holder");
    await work.apply("waiting", fixed(2, { scheduling }));
    const { namespace } = work;
    const shortage = {
      status: "False",
      message: `no free device of class ${driver} that fits: 2 of 2 held by ${namespace}/holder (1), ${namespace}/waiting (1)`,
    } as const;
    await work.untilCondition("waiting", "Ready", { ...shortage, reason: "WaitingForGpu" });
    await work.untilCondition("waiting", "GpuCapacity", { ...shortage, reason: "Exhausted" });
    await untilCapacity(work, "waiting", { gpusRequested: 2, gpusAllocatable: 2, gpusFree: 0, source: "DRA" });
    await work.delete(serviceType, "holder");
    await work.untilCondition("waiting", "GpuCapacity", { status: "True", reason: "Sufficient" });
    await work.untilReady("waiting");
    await work.delete(serviceType, "waiting");
    // The scheduler's claims go with the pods.
    await until("no claim of them to be left", async (see) => {
      const { items } = await work.client.list(resourceClaimType, { namespace });
      const names = see(items.map(({ metadata }) => metadata.name));
      return !names.some((name) => name.startsWith("holder-") || name.startsWith("waiting-"));
    });
  });

  for (const [title, gpus, strategy] of [
    ["in place without a spare device", 2, "InPlace"],
    ["by a surge with one", 3, "Surge"],
  ] as const) {
    it(`replaces pods ${title}`, async () => {
      const { node, scheduling } = await pool(work);
      await publish(work, node, gpus);
      const name = strategy.toLowerCase();
      await work.apply(name, fixed(2, { scheduling }));
      await work.untilReady(name);
      await work.apply(name, fixed(2, { scheduling, podMetadata: { annotations: { changed: "yes" } } }));
      await work.untilReady(name);
      await until("the rollout to be decided from the devices", async (see) => {
        return see((await work.service(name))?.status?.rollout)?.strategy === strategy;
      });
      await until("the new pods to serve", async (see) => {
        const items = await podsOf(work, name);
        const changed = items.filter(({ metadata }) => metadata.annotations?.["changed"] === "yes");
        return see([items.length, changed.length]).every((count) => count === 2);
      });
    });
  }

  it("counts only the slices of a pool's highest generation", async () => {
    const { node, scheduling } = await pool(work);
    await publish(work, node, 4, { name: `${node}-old`, generation: 1 });
    await publish(work, node, 1, { name: `${node}-new`, generation: 2 });
    await work.apply("generations", fixed(2, { scheduling }));
    await work.untilCondition("generations", "GpuCapacity", {
      reason: "Exhausted",
      message: `no free device of class ${driver} that fits: 1 of 1 held by ${work.namespace}/generations (1)`,
    });
  });

  it("counts as many partitions of a GPU as the scheduler allocates at the same time", async () => {
    const { node, scheduling } = await pool(work);
    const counterSet = "gpu-0";
    const part = (name: string, type: string, slices: number): object => ({
      name,
      attributes: { type: { string: type } },
      consumesCounters: [{ counterSet, counters: { slices: { value: String(slices) } } }],
    });
    const ofPool = { name: node, generation: 1, resourceSliceCount: 2 };
    const sharedCounters = [{ name: counterSet, counters: { slices: { value: "7" } } }];
    const sevenths = Array.from({ length: 7 }, (_, index) => part(`seventh-${index}`, "seventh", 1));
    const devices = [part("whole", "gpu", 7), part("half", "half", 3), ...sevenths];
    for (const [name, more] of [
      ["counters", { sharedCounters }],
      ["devices", { devices }],
    ] as const) {
      const spec = { driver, nodeName: node, pool: ofPool, ...more };
      await work.createObject(resourceSliceType, `${node}-${name}`, { spec });
    }
    for (const type of ["half", "seventh"]) {
      const selectors = [{ cel: { expression: `device.attributes['${driver}'].type == '${type}'` } }];
      await deviceClass(work, `${type}.example.com`, { extendedResourceName: `example.com/${type}`, selectors });
    }
    await work.apply("half", fixed(1, { scheduling, gpu: { resourceName: "example.com/half" } }));
    await work.untilReady("half");
    await work.apply("sevenths", fixed(5, { scheduling, gpu: { resourceName: "example.com/seventh" } }));
    await work.untilCondition("sevenths", "Ready", {
      reason: "WaitingForGpu",
      message: `4 of 5 replicas are ready`,
    });
    const { message } = await work.untilCondition("sevenths", "GpuCapacity", { reason: "Exhausted" });
    const holders = `7 of 7 held by ${work.namespace}/sevenths (4), ${work.namespace}/half (1)`;
    assert.ok(message.includes(`no free device of class seventh.example.com that fits: ${holders}`), message);
  });

  it("does not count devices with a taint, and names it", async () => {
    const { node, scheduling } = await pool(work);
    const taint = { key: `${driver}/xid`, value: "79", effect: "NoSchedule" };
    const slice = await publish(work, node, 2, { taints: { 1: taint } });
    await work.apply("tainted", fixed(2, { scheduling }));
    await work.untilCondition("tainted", "Ready", {
      reason: "WaitingForGpu",
      message: `1 of 1 held by ${work.namespace}/tainted (1); of others, 1 has the taint ${driver}/xid=79:NoSchedule, which is not tolerated`,
    });
    await work.patch(resourceSliceType, slice.metadata.name, [{ op: "remove", path: "/spec/devices/1/taints" }]);
    await work.untilReady("tainted");
  });

  onlySince("1.37")("does not count a device that a DeviceTaintRule taints", async () => {
    const { node, scheduling } = await pool(work);
    await publish(work, node, 1);
    const taint = { key: "maintenance", effect: "NoSchedule" };
    await work.createObject(deviceTaintRuleType, node, { spec: { deviceSelector: { driver, pool: node }, taint } });
    await work.apply("ruled", fixed(1, { scheduling }));
    await work.untilCondition("ruled", "Ready", {
      reason: "WaitingForGpu",
      message: "1 has the taint maintenance:NoSchedule",
    });
    await work.delete(deviceTaintRuleType, node);
    await work.untilReady("ruled");
    return undefined;
  });

  it("follows a DeviceClass that appears, changes and vanishes", async () => {
    const { node, scheduling } = await pool(work);
    await publish(work, node, 2);
    const resourceName = "example.com/later";
    const spec = { scheduling, gpu: { resourceName } };
    await work.apply("later", fixed(1, spec));
    await work.untilCondition("later", "Ready", { reason: "WaitingForGpu", message: `no node offers ${resourceName}` });
    const name = "later.example.com";
    await deviceClass(work, name, { extendedResourceName: resourceName, selectors: ofGpus });
    await work.untilReady("later");
    await untilCapacity(work, "later", { gpusAllocatable: 2, source: "DRA" });

    const l4 = `device.attributes['${driver}'].type == 'l4'`;
    await work.patch(deviceClassType, name, [
      { op: "add", path: "/spec/selectors/-", value: { cel: { expression: l4 } } },
    ]);
    await work.apply("later", fixed(2, spec));
    await work.untilCondition("later", "GpuCapacity", {
      reason: "Exhausted",
      message: `no ResourceSlice has a device of class ${name}`,
    });
    await work.delete(deviceClassType, name);
    await work.untilCondition("later", "GpuCapacity", {
      reason: "Exhausted",
      message: `no node offers ${resourceName}`,
    });
    // The pod that has a device keeps it.
    await until("one of two replicas to serve", async (see) => {
      return see((await work.service("later"))?.status?.summary)?.replicas === "1/2";
    });
  });

  it("names the quota that admits no claim for a device", async () => {
    const { node, scheduling } = await pool(work);
    await publish(work, node, 2);
    const resource = `${driver}.deviceclass.resource.k8s.io/devices`;
    await work.createObject(quotas, "devices", { spec: { hard: { [resource]: "0" } } });
    await work.apply("quota", fixed(1, { scheduling }));
    await work.untilCondition("quota", "Ready", {
      reason: "QuotaExceeded",
      message: `gets no ResourceClaim: quota devices has too little ${resource} left`,
    });
    await work.delete(quotas, "devices");
    await work.untilReady("quota");
  });

  it("counts on each node what its device plugin offers, or what DRA does", async () => {
    const { node, scheduling } = await pool(work);
    await publish(work, node, 2);
    const labels = (scheduling as { nodeSelector: Record<string, string> }).nodeSelector;
    const [plugin = ""] = await work.cluster.addNodes({ count: 1, gpus: 3, labels, namePrefix: "plugin" });
    // Its driver publishes the same GPUs, too.
    await publish(work, plugin, 3);
    await work.apply("both", fixed(6, { scheduling }));
    await work.untilCondition("both", "GpuCapacity", {
      reason: "Exhausted",
      message: `1 replica waits for a GPU: no node has 1 free nvidia.com/gpu: 5 of 5 in use by ${work.namespace}/both (5)`,
    });
    await untilCapacity(work, "both", { gpusAllocatable: 5, gpusFree: 0, source: "Both" });
  });
});

describe("a cluster without DRA", function () {
  this.timeout(120_000);

  it("is not asked for them where their API is not served", async () => {
    await using cluster = await startCluster({
      crds: true,
      // An API server that does not have it refuses to start.
      apiServer: isSince("1.34") ? { parameters: ["--runtime-config=resource.k8s.io/v1=false"] } : {},
    });
    await using work = await Workspace.open(cluster);
    await cluster.addNodes({ count: 1, gpus: 1 });
    await work.startOperator();
    await work.apply("upscaler", fixed(1, {}));
    // From 1.35 on, the scheduler places no pod without this API: the GPU stays free.
    await work.untilCondition("upscaler", "GpuCapacity", { message: "of 1 nvidia.com/gpu are free" });
    const requests = cluster.audit.requests({ user: work.operatorUser });
    assert.deepEqual(
      requests.filter(({ requestURI }) => requestURI.includes("resource.k8s.io")).map(({ requestURI }) => requestURI),
      [],
    );
  });
});
