/** GPUs that a DRA driver offers are counted as the real scheduler allocates them. The driver is imitated by its slices. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { deviceClassType } from "@gpumedia/operator/src/observe/device-class-view.ts";
import { resourceClaimType } from "@gpumedia/operator/src/observe/resource-claim-view.ts";
import { resourceSliceType } from "@gpumedia/operator/src/observe/resource-slice-view.ts";
import { deviceTaintRuleType } from "@gpumedia/operator/src/observe/device-taint-rule-view.ts";
import { quotaType as quotas } from "@gpumedia/operator/src/observe/quota-view.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { describeSince, isSince, onlySince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import { podsOf } from "./reporting-pods.ts";
import { Workspace } from "./workspace.ts";

const driver = "gpu.nvidia.com";
/** Alpha in 1.35. The first two are GA in 1.37, the others are on by default since 1.36. */
const featureGates = {
  DRAExtendedResource: true,
  DRADeviceTaints: true,
  DRAPartitionableDevices: true,
  DRAConsumableCapacity: true,
};
const parameters = [
  `--feature-gates=${Object.keys(featureGates)
    .map((gate) => `${gate}=true`)
    .join(",")}`,
];

interface Slice {
  readonly name?: string;
  readonly generation?: number;
  /** Of a device by index. */
  readonly taints?: Readonly<Record<number, object>>;
}

/** Publishes the GPUs of a node, as NVIDIA's driver does. */
async function publish(work: Workspace, node: string, gpus: number, slice: Slice = {}): Promise<KubeObject> {
  const { name = node, generation = 1, taints = {} } = slice;
  const devices = Array.from({ length: gpus }, (_, index) => ({
    name: `gpu-${index}`,
    attributes: {
      type: { string: "gpu" },
      uuid: { string: `GPU-${node}-${index}` },
      productName: { string: "NVIDIA H100 80GB HBM3" },
    },
    capacity: { memory: { value: "80Gi" } },
    ...(index in taints ? { taints: [taints[index]] } : {}),
  }));
  const pool = { name: node, generation, resourceSliceCount: 1 };
  return work.createObject(resourceSliceType, name, { spec: { driver, nodeName: node, pool, devices } });
}

/** Adds a node without GPUs for the services of one test. */
async function pool(work: Workspace): Promise<{ readonly node: string; readonly scheduling: object }> {
  const name = `pool-${randomUUID().slice(0, 8)}`;
  const [node = ""] = await work.cluster.addNodes({ count: 1, gpus: 0, labels: { pool: name }, namePrefix: name });
  return { node, scheduling: { nodeSelector: { pool: name } } };
}

function fixed(replicas: number, more: object): object {
  return { replicas, autoscaling: { horizontal: { enabled: false } }, ...more };
}

function deviceClass(work: Workspace, name: string, spec: object): Promise<KubeObject> {
  return work.createObject(deviceClassType, name, { spec });
}

const ofGpus = [
  { cel: { expression: `device.driver == '${driver}' && device.attributes['${driver}'].type == 'gpu'` } },
];

describeSince("1.34")("GPUs by Dynamic Resource Allocation", function () {
  this.timeout(120_000);
  const work = new Workspace();
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster({
      crds: true,
      apiServer: { featureGates },
      controllerManager: { parameters },
      scheduler: { parameters },
    });
    await work.open(cluster);
    await deviceClass(work, driver, { extendedResourceName: "nvidia.com/gpu", selectors: ofGpus });
    await work.startOperator();
  });
  after(async () => {
    await work[Symbol.asyncDispose]();
    await cluster.stop();
  });

  async function untilCapacity(service: string, expected: object): Promise<void> {
    await until(`the capacity of ${service} to be ${JSON.stringify(expected)}`, async (see) => {
      const capacity = see((await work.service(service))?.status?.capacity);
      return Object.entries(expected).every(
        ([member, value]) => (capacity as Record<string, unknown>)?.[member] === value,
      );
    });
  }

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
    await untilCapacity("waiting", { gpusRequested: 2, gpusAllocatable: 2, gpusFree: 0, source: "DRA" });
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

  it("counts as many shares of a device as the scheduler allocates", async () => {
    const { node, scheduling } = await pool(work);
    const memory = { value: "80Gi", requestPolicy: { default: "30Gi", validRange: { min: "10Gi" } } };
    const attributes = { type: { string: "shared" } };
    const devices = [{ name: "gpu-0", attributes, capacity: { memory }, allowMultipleAllocations: true }];
    const ofPool = { name: node, generation: 1, resourceSliceCount: 1 };
    await work.createObject(resourceSliceType, node, { spec: { driver, nodeName: node, pool: ofPool, devices } });
    const selectors = [{ cel: { expression: "device.allowMultipleAllocations" } }];
    await deviceClass(work, "share.example.com", { extendedResourceName: "example.com/share", selectors });
    await work.apply("shares", fixed(3, { scheduling, gpu: { resourceName: "example.com/share" } }));
    await work.untilCondition("shares", "GpuCapacity", {
      reason: "Exhausted",
      message: `no free share of a device of class share.example.com that fits: 2 of 2 held by ${work.namespace}/shares (2)`,
    });
    await until("two of three replicas to serve", async (see) => {
      return see((await work.service("shares"))?.status?.summary)?.replicas === "2/3";
    });
  });

  /** A node with shareable devices of a class of its own; returns what a service needs to claim shares of them. */
  async function shareable(devices: readonly object[]): Promise<(replicas: number, gpu: object) => object> {
    const { node, scheduling } = await pool(work);
    const className = `${node}.example.com`;
    await deviceClass(work, className, { selectors: [{ cel: { expression: `device.driver == '${className}'` } }] });
    const named = devices.map((capacity, index) => ({
      name: `gpu-${index}`,
      attributes: { uuid: { string: `GPU-${node}-${index}` }, model: { string: "Shared" } },
      allowMultipleAllocations: true,
      capacity,
    }));
    const spec = { driver: className, nodeName: node, pool: { name: node, generation: 1, resourceSliceCount: 1 } };
    await work.createObject(resourceSliceType, node, { spec: { ...spec, devices: named } });
    const claim = { deviceClassName: className };
    return (replicas, gpu) => fixed(replicas, { scheduling, gpu: { allocation: "ResourceClaim", claim, ...gpu } });
  }

  interface AllocatedClaim extends KubeObject {
    readonly status?: {
      readonly allocation?: {
        readonly devices: { readonly results: readonly ClaimedShare[]; readonly config?: readonly object[] };
      };
    };
  }
  interface ClaimedShare {
    readonly device: string;
    readonly shareID?: string;
    readonly consumedCapacity?: Readonly<Record<string, string>>;
  }

  /** The devices of the service's claims that have some. */
  async function claimed(service: string) {
    const { items } = await work.client.list(resourceClaimType, {
      namespace: work.namespace,
      labelSelector: `gpumedia.io/service=${service}`,
    });
    return (items as readonly AllocatedClaim[]).flatMap(({ status }) => status?.allocation?.devices ?? []);
  }

  const range = { default: "80Gi", validRange: { min: "10Gi", step: "10Gi" } };
  const any = { default: "80Gi", validRange: { min: "1Gi" } };
  const cores = { value: "100", requestPolicy: { default: "30", validRange: { min: "1" } } };
  const shareCases: {
    readonly [title: string]: {
      readonly devices: readonly object[];
      readonly memoryPerPod?: string;
      readonly count?: number;
      /** How many pods get devices. */
      readonly pods: number;
      /** What each share takes. */
      readonly memory: string;
    };
  } = {
    "of the memory per pod": {
      devices: [{ memory: { value: "80Gi", requestPolicy: any } }],
      memoryPerPod: "20Gi",
      pods: 4,
      memory: "20Gi",
    },
    "of the memory per pod, rounded up to the step of the driver": {
      devices: [{ memory: { value: "80Gi", requestPolicy: range } }],
      memoryPerPod: "11Gi",
      pods: 4,
      memory: "20Gi",
    },
    "of the next valid size": {
      devices: [{ memory: { value: "80Gi", requestPolicy: { default: "40Gi", validValues: ["10Gi", "40Gi"] } } }],
      memoryPerPod: "11Gi",
      pods: 2,
      memory: "40Gi",
    },
    "of the default size without a memory per pod": {
      devices: [{ memory: { value: "80Gi", requestPolicy: { ...range, default: "30Gi" } } }],
      pods: 2,
      memory: "30Gi",
    },
    "of any size where the driver has no policy": {
      devices: [{ memory: { value: "80Gi" } }],
      memoryPerPod: "30Gi",
      pods: 2,
      memory: "30Gi",
    },
    "as far as another capacity goes, of which each takes the default": {
      devices: [{ memory: { value: "80Gi", requestPolicy: any }, cores }],
      memoryPerPod: "10Gi",
      pods: 3,
      memory: "10Gi",
    },
    "of several devices, none of which is divided between two": {
      devices: [40, 40, 20].map((size) => ({
        memory: { value: `${size}Gi`, requestPolicy: { ...any, default: "1Gi" } },
      })),
      memoryPerPod: "30Gi",
      pods: 2,
      memory: "30Gi",
    },
    // Before 1.36, where the gate is alpha, both may be of one device. Here the number of pods is the same.
    "two for each pod, of different devices": {
      devices: [{ memory: { value: "80Gi", requestPolicy: any } }, { memory: { value: "80Gi", requestPolicy: any } }],
      memoryPerPod: "20Gi",
      count: 2,
      pods: 4,
      memory: "20Gi",
    },
  };
  for (const [title, { devices, memoryPerPod, count = 1, pods, memory }] of Object.entries(shareCases)) {
    it(`allocates and counts shares ${title}`, async () => {
      const spec = await shareable(devices);
      const share = memoryPerPod === undefined ? { strategy: "TimeSlicing" } : { strategy: "Capacity", memoryPerPod };
      await work.apply("sharing", spec(pods + 1, { count, share }));
      try {
        const shares = pods * count;
        const held = `${shares} of ${shares} held by ${work.namespace}/sharing (${shares})`;
        const { message } = await work.untilCondition("sharing", "GpuCapacity", { status: "False", message: held });
        assert.match(message, count === 1 ? /no free share of a device/ : /no node has 2 free shares of devices/);
        await work.untilCondition("sharing", "Ready", { status: "False", reason: "WaitingForGpu" });
        await untilCapacity("sharing", { gpusAllocatable: shares, gpusFree: 0, source: "DRA" });
        await until("all pods but one to have devices", async (see) => {
          return see((await work.service("sharing"))?.status?.summary)?.replicas === `${pods}/${pods + 1}`;
        });
        const results = (await claimed("sharing")).flatMap((one) => one.results);
        assert.equal(results.length, shares);
        assert.ok(results.every(({ shareID }) => shareID !== undefined));
        assert.deepEqual(
          results.map(({ consumedCapacity }) => consumedCapacity?.["memory"]),
          results.map(() => memory),
        );
        await work.apply("sharing", spec(pods, { count, share }));
        await work.untilReady("sharing");
      } finally {
        await work.delete(serviceType, "sharing");
      }
    });
  }

  it("lets pods of several services share a device, and names who holds the shares", async () => {
    const spec = await shareable([{ memory: { value: "80Gi", requestPolicy: any } }]);
    const share = (memoryPerPod: string): object => ({ share: { strategy: "Capacity", memoryPerPod } });
    await work.apply("first", spec(2, share("20Gi")));
    await work.untilReady("first");
    await work.apply("second", spec(2, share("40Gi")));
    const holders = `held by ${work.namespace}/first (2), ${work.namespace}/second (1)`;
    await work.untilCondition("second", "Ready", { status: "False", reason: "WaitingForGpu", message: holders });
    const devices = await until("the devices of both", async (see) => {
      const both = await Promise.all(["first", "second"].map((name) => work.service(name)));
      const found = see(both.flatMap((service) => service?.status?.gpu?.devices ?? []));
      return found.length === 3 ? found : undefined;
    });
    assert.equal(new Set(devices.map(({ uuid }) => uuid)).size, 1);
    assert.equal(new Set(devices.map(({ pod }) => pod)).size, 3);
    assert.ok(devices.every(({ productName }) => productName === "Shared"));
    // Half of the device is free again once both shares of 20Gi are.
    await work.apply("first", spec(1, share("20Gi")));
    await until("one share of the first service to be left", async (see) => {
      return see(await claimed("first")).length === 1;
    });
    await work.untilCondition("second", "Ready", { status: "False", reason: "WaitingForGpu" });
    await work.delete(serviceType, "first");
    await work.untilReady("second");
  });

  for (const [strategy, more, sharing] of [
    ["TimeSlicing", { timeSlice: "Long" }, { timeSlicingConfig: { interval: "Long" } }],
    [
      "MPS",
      { threadPercentage: 25 },
      { mpsConfig: { defaultActiveThreadPercentage: 25, defaultPinnedDeviceMemoryLimit: "20Gi" } },
    ],
  ] as const) {
    it(`gives the driver the settings of ${strategy} with each share`, async () => {
      const spec = await shareable([{ memory: { value: "80Gi", requestPolicy: any } }]);
      await work.apply("settings", spec(3, { share: { strategy, memoryPerPod: "20Gi", ...more } }));
      await work.untilReady("settings");
      const claims = await claimed("settings");
      const parameters = {
        apiVersion: "resource.nvidia.com/v1beta1",
        kind: "GpuConfig",
        sharing: { strategy, ...sharing },
      };
      // From 1.37 on, the scheduler leaves out the names of the requests where a setting is for all of them.
      const config = [{ source: "FromClaim", opaque: { driver, parameters } }];
      assert.partialDeepStrictEqual(
        claims.map((one) => one.config),
        [config, config, config],
      );
      assert.deepEqual(
        new Set(claims.flatMap(({ results }) => results.map(({ device }) => device))),
        new Set(["gpu-0"]),
      );
      await work.delete(serviceType, "settings");
    });
  }

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
    await untilCapacity("later", { gpusAllocatable: 2, source: "DRA" });

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
    const [plugin = ""] = await cluster.addNodes({ count: 1, gpus: 3, labels, namePrefix: "plugin" });
    // Its driver publishes the same GPUs, too.
    await publish(work, plugin, 3);
    await work.apply("both", fixed(6, { scheduling }));
    await work.untilCondition("both", "GpuCapacity", {
      reason: "Exhausted",
      message: `1 replica waits for a GPU: no node has 1 free nvidia.com/gpu: 5 of 5 in use by ${work.namespace}/both (5)`,
    });
    await untilCapacity("both", { gpusAllocatable: 5, gpusFree: 0, source: "Both" });
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
