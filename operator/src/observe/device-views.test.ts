import assert from "node:assert/strict";
import type { KubeObject } from "../kube/object.ts";
import { classOfResource, resourcesOfClass, viewDeviceClass, type DeviceClassView } from "./device-class-view.ts";
import { sampleClass } from "./devices.sample.ts";
import { viewResourceClaim, type ResourceClaimView } from "./resource-claim-view.ts";
import { viewResourceSlice } from "./resource-slice-view.ts";

const metadata = { name: "n", uid: "u", resourceVersion: "1", creationTimestamp: "2026-01-01T00:00:00Z" };

function object(kind: string, more: object): KubeObject {
  return { apiVersion: "resource.k8s.io/v1", kind, metadata, ...more };
}

describe("the view of a ResourceSlice", () => {
  it("has its pool, its place and what decides about its devices", () => {
    const slice = object("ResourceSlice", {
      spec: {
        driver: "gpu.nvidia.com",
        nodeName: "a",
        pool: { name: "a", generation: 2, resourceSliceCount: 3 },
        sharedCounters: [{ name: "gpu-0", counters: { memory: { value: "80Gi" } } }],
        devices: [
          {
            name: "mig",
            attributes: { type: { string: "mig" } },
            capacity: { memory: { value: "10Gi" } },
            consumesCounters: [{ counterSet: "gpu-0", counters: { memory: { value: "10Gi" } } }],
            taints: [{ key: "xid", effect: "NoSchedule", timeAdded: "2026-01-01T00:00:00Z" }],
            allowMultipleAllocations: true,
          },
        ],
      },
    });
    assert.deepEqual(viewResourceSlice(slice), {
      name: "n",
      driver: "gpu.nvidia.com",
      pool: { name: "a", generation: 2, slices: 3 },
      place: { node: "a" },
      counterSets: { "gpu-0": { memory: 80 * 2 ** 30 } },
      devices: [
        {
          name: "mig",
          place: undefined,
          attributes: { type: { string: "mig" } },
          capacity: { memory: { value: "10Gi" } },
          taints: [{ key: "xid", effect: "NoSchedule" }],
          consumes: { "gpu-0": { memory: 10 * 2 ** 30 } },
          isShareable: true,
        },
      ],
    });
  });

  it("has the place of each device, of a selection and of all nodes", () => {
    const placed = (spec: object, device: object = {}) => {
      const pool = { name: "a", generation: 1, resourceSliceCount: 1 };
      const view = viewResourceSlice(
        object("ResourceSlice", { spec: { driver: "d", pool, ...spec, devices: [{ name: "x", ...device }] } }),
      );
      return [view.place, view.devices[0]?.place];
    };
    const terms = [{ matchExpressions: [{ key: "rack", operator: "In", values: ["1"] }] }];
    assert.deepEqual(placed({ allNodes: true }), [{ everywhere: true }, undefined]);
    assert.deepEqual(placed({ nodeSelector: { nodeSelectorTerms: terms } }), [{ terms }, undefined]);
    assert.deepEqual(placed({ perDeviceNodeSelection: true }, { nodeName: "b" }), [undefined, { node: "b" }]);
  });
});

describe("the view of a ResourceClaim", () => {
  const result = { request: "gpu", driver: "gpu.nvidia.com", pool: "a", device: "gpu-0" };
  const device = { driver: "gpu.nvidia.com", pool: "a", device: "gpu-0", isShare: false, consumed: {} };
  const reservedFor = [{ resource: "pods", name: "p", uid: "u" }];
  const claim = (status: object, change: object = {}): ResourceClaimView =>
    viewResourceClaim({
      ...object("ResourceClaim", { status }),
      metadata: { ...metadata, namespace: "media", ...change },
    });
  const allocated = (results: readonly object[]): object => ({ allocation: { devices: { results } } });

  it("has the devices, and the pods that use it", () => {
    assert.deepEqual(claim({ ...allocated([result]), reservedFor }), {
      key: "media/n",
      pods: ["media/p"],
      devices: [device],
    });
  });

  it("belongs to the pod that it was created for, also before that uses it", () => {
    const ownerReferences = [{ apiVersion: "v1", kind: "Pod", name: "q", uid: "u", controller: true }];
    assert.deepEqual(claim({}, { ownerReferences }), { key: "media/n", pods: ["media/q"], devices: [] });
  });

  // As the scheduler: dynamicresources/allocateddevices.go of Kubernetes 1.35.
  it("does not count admin access", () => {
    assert.deepEqual(claim(allocated([{ ...result, adminAccess: true }])).devices, []);
  });

  it("has the share of a device, and what it takes", () => {
    const share = { ...result, shareID: "s", consumedCapacity: { memory: "4Gi" } };
    assert.deepEqual(claim(allocated([share])).devices, [
      { ...device, isShare: true, consumed: { memory: 4 * 2 ** 30 } },
    ]);
  });
});

describe("the view of a DeviceClass", () => {
  it("has its selectors and its extended resource", () => {
    const spec = { selectors: [{ cel: { expression: "true" } }], extendedResourceName: "nvidia.com/gpu" };
    assert.deepEqual(viewDeviceClass(object("DeviceClass", { spec })), {
      name: "n",
      createdAt: "2026-01-01T00:00:00Z",
      selectors: ["true"],
      extendedResource: "nvidia.com/gpu",
    });
  });
});

// As dynamic-resource-allocation/deviceclass/extendedresourcecache of Kubernetes 1.35.
describe("the DeviceClass of an extended resource", () => {
  const late = "2026-02-01T00:00:00Z";
  const cases: {
    readonly [title: string]: {
      readonly classes: readonly DeviceClassView[];
      readonly resource?: string;
      readonly name: string | undefined;
    };
  } = {
    "none where no class has the name": { classes: [sampleClass({ extendedResource: undefined })], name: undefined },
    "the only one": { classes: [sampleClass()], name: "gpu.nvidia.com" },
    "the one that was created last": {
      classes: [sampleClass({ name: "a" }), sampleClass({ name: "b", createdAt: late })],
      name: "b",
    },
    "of two that were created together, the first by name": {
      classes: [sampleClass({ name: "b" }), sampleClass({ name: "a" })],
      name: "a",
    },
    "the one that the resource names": {
      classes: [sampleClass(), sampleClass({ name: "mig.nvidia.com", extendedResource: undefined })],
      resource: "deviceclass.resource.kubernetes.io/mig.nvidia.com",
      name: "mig.nvidia.com",
    },
  };
  for (const [title, { classes, resource = "nvidia.com/gpu", name }] of Object.entries(cases)) {
    it(`is ${title}`, () => {
      const byName = new Map(classes.map((one) => [one.name, one]));
      assert.equal(classOfResource(byName, resource)?.name, name);
    });
  }

  it("has an implicit name besides its own", () => {
    assert.deepEqual(resourcesOfClass(sampleClass()), [
      "deviceclass.resource.kubernetes.io/gpu.nvidia.com",
      "nvidia.com/gpu",
    ]);
  });
});
