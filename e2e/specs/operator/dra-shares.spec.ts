/** Pods that share devices of a DRA driver (`gpu.share`): counted as the real scheduler allocates shares. */
import assert from "node:assert/strict";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { resourceClaimType } from "@gpumedia/operator/src/observe/resource-claim-view.ts";
import { resourceSliceType } from "@gpumedia/operator/src/observe/resource-slice-view.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { describeSince, isSince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import { deviceClass, draWorkspace, driver, fixed, pool, untilCapacity } from "./fake-devices.ts";

describeSince("1.34")("shares of GPUs by Dynamic Resource Allocation", function () {
  this.timeout(120_000);
  const work = draWorkspace();

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
        await untilCapacity(work, "sharing", { gpusAllocatable: shares, gpusFree: 0, source: "DRA" });
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
      const names = isSince("1.37") ? {} : { requests: ["gpu"] };
      const config = [{ source: "FromClaim", ...names, opaque: { driver, parameters } }];
      assert.deepEqual(
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
});
