import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import { engineSelector, type DeviceRequest, type Engines, type GpuRequest } from "../effective/gpu-request.ts";
import { driver, sampleClaim, sampleDevice, sampleDra, sampleSlice } from "../observe/devices.sample.ts";
import { sampleNode } from "../observe/node-view.sample.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import { gpuViewOf, type GpuView } from "../plan/gpus.ts";
import { capacity, gpuCapacity } from "./gpu-capacity.ts";
import { gpuShortage, unmatchedSelection, waitsForGpu } from "./gpu-shortage.ts";

const nodes = ["a", "b"].map((name) => ({
  node: sampleNode({ name, labels: { "kubernetes.io/hostname": name } }),
  held: {},
}));
const extended: GpuRequest = { kind: "ExtendedResource", resource: "nvidia.com/gpu", count: 1 };

function claim(change: Partial<DeviceRequest> = {}): GpuRequest {
  const request = {
    name: "gpu",
    deviceClass: "gpu.nvidia.com",
    count: 1,
    selectors: [],
    tolerations: [],
    capacity: {},
  };
  return { kind: "ResourceClaim", alternatives: [{ ...request, ...change }] };
}

function view(dra: Parameters<typeof sampleDra>[0] | undefined, request: GpuRequest = claim(), all = nodes): GpuView {
  const snapshot = { synced: true, nodes: all, dra: dra && sampleDra(dra) };
  return gpuViewOf(request, sampleService().scheduling, snapshot);
}

function enginesOf(change: Partial<Engines>): Partial<DeviceRequest> {
  const engines = { jpeg: 0, decoders: 0, encoders: 0, ...change };
  return { engines, selectors: engineSelector(engines) };
}
const shareable = sampleDevice("0", { isShareable: true });
const inUseBy = (device: string) => [sampleClaim(`upscaler-${device.replace("/", "-")}`, [device])];

/** As many claims have 20 GiB of the device each. */
function shares(count: number) {
  const share = { driver, pool: "a", device: "0", isShare: true, consumed: { memory: 20 * 2 ** 30 } };
  return Array.from({ length: count }, (_, index) => sampleClaim(`upscaler-${index}`, [share]));
}

const withJpeg = claim(enginesOf({ jpeg: 1 }));

function mig(profile: string, jpegEngines: number) {
  const attributes = {
    type: { string: "mig" },
    profile: { string: profile },
    productName: { string: "NVIDIA H100 80GB HBM3" },
  };
  const memory = `${profile.replace(/^.*\.(\d+)gb.*$/, "$1")}Gi`;
  const capacity = { memory: { value: memory }, jpegEngines: { value: String(jpegEngines) } };
  return sampleDevice(`gpu-0-mig-${profile}`, { attributes, capacity });
}
const a100 = sampleDevice("0", {
  attributes: { type: { string: "gpu" }, productName: { string: "NVIDIA A100-SXM4-40GB" } },
});

const two = [sampleSlice("a", ["0", "1"]), sampleSlice("b", ["0", "1"])];
const tainted = sampleDevice("1", { taints: [{ key: "gpu.nvidia.com/xid", value: "79", effect: "NoSchedule" }] });
const inUse = [
  sampleClaim("upscaler-1", ["a/0"]),
  sampleClaim("upscaler-2", ["b/0"]),
  sampleClaim("t", ["a/1", "b/1"]),
];

describe("text of a shortage of DRA's devices", () => {
  const cases: { readonly [title: string]: { readonly gpus: GpuView; readonly text: string } } = {
    "all are in use": {
      gpus: view({ slices: two, claims: inUse }),
      text: "no free device of class gpu.nvidia.com that fits: 4 of 4 held by media/t (2), media/upscaler (2); free a GPU, add a node, or lower the number of replicas",
    },
    "all are in use, of an extended resource": {
      gpus: view({ slices: two, claims: inUse }, extended),
      text: "no free device of class gpu.nvidia.com that fits: 4 of 4 held by media/t (2), media/upscaler (2); free a GPU, add a node, or lower the number of replicas",
    },
    "too few are free on one node": {
      gpus: view({ slices: two, claims: inUse.slice(0, 2) }, claim({ count: 2 })),
      text: "no node has 2 free devices of class gpu.nvidia.com that fit: 2 of 4 held by media/upscaler (2), 2 free but too few on one node; free a GPU, add a node, or lower the number of replicas",
    },
    "some have a taint": {
      gpus: view({ slices: [sampleSlice("a", ["0", tainted])], claims: [sampleClaim("t", ["a/0"])] }),
      text: "no free device of class gpu.nvidia.com that fits: 1 of 1 held by media/t (1); of others, 1 has the taint gpu.nvidia.com/xid=79:NoSchedule, which is not tolerated; free a GPU, add a node, or lower the number of replicas",
    },
    "no class of that name": {
      gpus: view({ slices: two, classes: [] }, claim({ deviceClass: "typo" })),
      text: "DeviceClass typo does not exist; install the DRA driver that creates it, or correct its name",
    },
    "no device of the class": {
      gpus: view({ slices: [] }),
      text: "no ResourceSlice has a device of class gpu.nvidia.com; check that the DRA driver is running",
    },
    "a pool that is incomplete": {
      gpus: view({ slices: [sampleSlice("a", ["0"], { pool: { name: "a", generation: 1, slices: 2 } })] }),
      text: "no ResourceSlice has a device of class gpu.nvidia.com; pool gpu.nvidia.com/a has 1 of 2 ResourceSlices; check that the DRA driver is running",
    },
    "a selector that no device meets": {
      gpus: view({ slices: two }, claim({ selectors: [`device.attributes['${driver}'].productName == 'NVIDIA L4'`] })),
      text: "none of 4 devices of class gpu.nvidia.com fits: 4 do not meet the selector device.attributes['gpu.nvidia.com'].productName == 'NVIDIA L4'; correct the request, or add such a device",
    },
    "a selector that fails": {
      gpus: view({ slices: [sampleSlice("a", ["0"])] }, claim({ selectors: ["device.attributes['x'].y == 1"] })),
      text: "none of 1 devices of class gpu.nvidia.com fits: for 1 the selector device.attributes['x'].y == 1 fails (No such key: y); correct the request, or add such a device",
    },
    "a taint on all devices of the only node that it selects": {
      gpus: {
        ...view({ slices: [sampleSlice("a", [tainted]), sampleSlice("b", ["0"])] }),
        nodeSelector: { "kubernetes.io/hostname": "a" },
      },
      text: "none of 1 devices of class gpu.nvidia.com that the service may use fits: 1 has the taint gpu.nvidia.com/xid=79:NoSchedule, which is not tolerated; correct the request, or add such a device",
    },
    "no whole GPU has the engines, and a MIG device has": {
      gpus: view(
        { slices: [sampleSlice("a", ["0", mig("1g.10gb", 0), mig("1g.10gb+me", 1), mig("3g.40gb", 3)])] },
        withJpeg,
      ),
      text: "none of 1 devices of class gpu.nvidia.com fits: 1 lacks the engines jpeg: 1; the smallest MIG profile that has them is 1g.10gb+me of NVIDIA H100 80GB HBM3: set gpu.claim.deviceClassName: mig.nvidia.com",
    },
    "the MIG devices lack the engines, and the GPU could be divided otherwise": {
      gpus: view({ slices: [sampleSlice("a", [a100, { ...a100, name: "1" }])] }, withJpeg),
      text: "none of 2 devices of class gpu.nvidia.com fits: 2 lack the engines jpeg: 1; the smallest MIG profile that has them is 1g.5gb+me of NVIDIA A100-SXM4-40GB: divide a GPU into it, or add a node",
    },
    "no profile of the GPU has the engines": {
      gpus: view({ slices: [sampleSlice("a", [a100])] }, claim(enginesOf({ encoders: 1 }))),
      text: "none of 1 devices of class gpu.nvidia.com fits: 1 lacks the engines encoders: 1; no MIG profile of NVIDIA A100-SXM4-40GB is known to have them: lower gpu.engines, or add other GPUs",
    },
    "a taint on all devices of the only node that it selects, beside a device plugin": {
      gpus: {
        ...view({ slices: [sampleSlice("a", [tainted])] }, extended, [
          ...nodes,
          { node: sampleNode({ name: "c", allocatable: { "nvidia.com/gpu": 4 } }), held: {} },
        ]),
        nodeSelector: { "kubernetes.io/hostname": "a" },
      },
      text: "none of 1 devices of class gpu.nvidia.com that the service may use fits: 1 has the taint gpu.nvidia.com/xid=79:NoSchedule, which is not tolerated; correct the request, or add such a device",
    },
    "more than any node has": {
      gpus: view({ slices: two }, claim({ count: 4 })),
      text: "no node has 4 devices of class gpu.nvidia.com that fit: the largest has 2; lower gpu.count, or add a larger node",
    },
    "all shares of the only device": {
      gpus: view(
        { slices: [sampleSlice("a", [shareable])], claims: shares(4) },
        claim({ capacity: { memory: "20Gi" } }),
      ),
      text: "no free share of a device of class gpu.nvidia.com that fits: 4 of 4 held by media/upscaler (4); free a share, add a node, or lower gpu.share.memoryPerPod or the number of replicas",
    },
    "two shares for each pod, of which one device has none left": {
      gpus: view(
        { slices: [sampleSlice("a", [shareable, sampleDevice("1", { isShareable: true })])], claims: shares(4) },
        claim({ count: 2, capacity: { memory: "20Gi" } }),
      ),
      text: "no node has 2 free shares of devices of class gpu.nvidia.com that fit: 4 of 8 held by media/upscaler (4), 4 free but too few on different devices of one node; free a share, add a node, or lower gpu.share.memoryPerPod or the number of replicas",
    },
    "two shares for each pod, which are never of one device": {
      gpus: view({ slices: [sampleSlice("a", [shareable])] }, claim({ count: 2, capacity: { memory: "20Gi" } })),
      text: "no node has 2 devices of class gpu.nvidia.com that fit: the largest has 1; lower gpu.count, or add a larger node",
    },
    "a device that is shared beside one that is not": {
      gpus: view(
        { slices: [sampleSlice("a", [shareable, "1"])], claims: [...inUseBy("a/0"), ...inUseBy("a/1")] },
        claim(),
      ),
      text: "no free device of class gpu.nvidia.com that fits: 2 of 2 held by media/upscaler (2); free a GPU, add a node, or lower the number of replicas",
    },
    "no usable node": {
      gpus: view(
        { slices: two },
        claim(),
        nodes.map(({ node }) => ({ node: { ...node, cordoned: true }, held: {} })),
      ),
      text: "none of 2 nodes with devices of class gpu.nvidia.com is usable: 2 nodes are cordoned",
    },
    "an API that is not served": {
      gpus: view(undefined),
      text: "the devices of class gpu.nvidia.com are not known: resource.k8s.io/v1 is not served, or the operator may not read it; install the RBAC of this version",
    },
  };
  for (const [title, { gpus, text }] of Object.entries(cases)) it(title, () => assert.equal(gpuShortage(gpus), text));
});

it("a node whose devices do not fit is not reported as a label that no node has", () => {
  const gpus = view({ slices: [sampleSlice("a", [tainted]), sampleSlice("b", ["0"])] });
  const selecting = (name: string): GpuView => ({ ...gpus, nodeSelector: { "kubernetes.io/hostname": name } });
  assert.equal(unmatchedSelection("", selecting("a")), undefined);
  assert.equal(
    unmatchedSelection("", selecting("typo")),
    "no node with devices of class gpu.nvidia.com has the label kubernetes.io/hostname=typo (scheduling.nodeSelector); correct it, or label a node",
  );
});

describe("GpuCapacity of DRA's devices", () => {
  const allocate = "0/2 nodes are available: 2 cannot allocate all claims.";
  const full = view({ slices: two, claims: inUse });

  it("is false while a pod waits with its claim, and true when all have devices", () => {
    const waiting = samplePod({ node: undefined, claims: ["gpu"], unschedulable: allocate });
    const verdict = gpuCapacity({ gpus: full, pods: [waiting] });
    assert.deepEqual([verdict.status, verdict.reason], ["False", "Exhausted"]);
    assert.match(verdict.message, /^1 replica waits for a GPU: no free device of class gpu\.nvidia\.com that fits/);
    assert.deepEqual(gpuCapacity({ gpus: full, pods: [samplePod({ claims: ["gpu"] })] }), {
      status: "True",
      reason: "Sufficient",
      message: "no replica waits for a GPU; 0 of 4 devices of class gpu.nvidia.com are free",
    });
  });

  it("recognizes the scheduler's messages about claims", () => {
    const pod = { devices: {}, claims: ["gpu"] };
    assert.equal(waitsForGpu(allocate, pod, claim()), true);
    // dynamicresources.go of Kubernetes 1.35.
    assert.equal(waitsForGpu("0/2 nodes: request gpu: device class typo does not exist.", pod, claim()), true);
    assert.equal(waitsForGpu("2 Insufficient cpu.", pod, claim()), false);
    assert.equal(waitsForGpu(allocate, { devices: {}, claims: [] }, claim()), false);
  });

  it("has the source in the status", () => {
    const deployment = { spec: { replicas: 2 } } as Parameters<typeof capacity>[0]["deployment"];
    const source = (gpus: GpuView) => capacity({ gpus, deployment })?.source;
    const plugin = { node: sampleNode({ name: "c", allocatable: { "nvidia.com/gpu": 4 } }), held: {} };
    assert.deepEqual(capacity({ gpus: full, deployment }), {
      gpusRequested: 2,
      gpusAllocatable: 4,
      gpusFree: 0,
      source: "DRA",
    });
    assert.equal(source(view(undefined, extended, [plugin])), "DevicePlugin");
    assert.equal(source(view({ slices: two }, extended, [...nodes, plugin])), "Both");
    assert.equal(source(view({ slices: [] }, extended)), undefined);
  });
});
