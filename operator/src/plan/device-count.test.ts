import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import type { DeviceRequest, GpuRequest } from "../effective/gpu-request.ts";
import { driver, sampleClaim, sampleClass, sampleDevice, sampleDra, sampleSlice } from "../observe/devices.sample.ts";
import { sampleNode } from "../observe/node-view.sample.ts";
import type { NodeView } from "../observe/node-view.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import type { AllocatedDevice } from "../observe/resource-claim-view.ts";
import type { DeviceView } from "../observe/resource-slice-view.ts";
import { countGpus, gpuViewOf, replicasBeside, type GpuView } from "./gpus.ts";

type Dra = Parameters<typeof sampleDra>[0];

/** On nodes `a` and `b` unless others are given. */
function view(dra: Dra, request: GpuRequest = extended(1), nodes: readonly NodeView[] = [a, b]): GpuView {
  const { scheduling } = sampleService();
  const snapshot = { synced: true, nodes: nodes.map((node) => ({ node, held: {} })), dra: sampleDra(dra) };
  return gpuViewOf(request, scheduling, snapshot);
}

const [a, b] = ["a", "b"].map((name) => sampleNode({ name, labels: { rack: name } })) as [NodeView, NodeView];

function extended(count: number): GpuRequest {
  return { kind: "ExtendedResource", resource: "nvidia.com/gpu", count };
}

function claim(...alternatives: readonly Partial<DeviceRequest>[]): GpuRequest {
  const base = { name: "gpu", deviceClass: "gpu.nvidia.com", count: 1, selectors: [], tolerations: [], capacity: {} };
  return { kind: "ResourceClaim", alternatives: alternatives.map((change) => ({ ...base, ...change })) };
}

/** Partitions of one GPU with seven slices, as NVIDIA's driver publishes them: the whole one, halves and sevenths. */
function partitions(gpu: string): readonly DeviceView[] {
  const part = (name: string, slices: number, type: string): DeviceView =>
    sampleDevice(`${gpu}-${name}`, { attributes: { type: { string: type } }, consumes: { [gpu]: { slices } } });
  return [
    part("whole", 7, "gpu"),
    ...["0", "1"].map((at) => part(`3g-${at}`, 3, "mig3")),
    ...Array.from({ length: 7 }, (_, at) => part(`1g-${at}`, 1, "mig1")),
  ];
}

const mig = sampleClass({
  name: "mig.nvidia.com",
  extendedResource: undefined,
  selectors: [`device.attributes['${driver}'].type.startsWith('mig')`],
});
const divided = sampleSlice("a", partitions("gpu-0"), { counterSets: { "gpu-0": { slices: 7 } } });
const seventh = claim({ deviceClass: mig.name, selectors: [`device.attributes['${driver}'].type == 'mig1'`] });
const taint = { key: "gpu.nvidia.com/xid", value: "79", effect: "NoSchedule" };

const shared = (capacity: DeviceView["capacity"]): DeviceView => sampleDevice("gpu-0", { isShareable: true, capacity });
const small = sampleDevice("gpu-1", { isShareable: true, capacity: { memory: { value: "40Gi" } } });
const share = (memory: number): AllocatedDevice => ({
  driver,
  pool: "a",
  device: "gpu-0",
  isShare: true,
  consumed: { memory },
});
const gi = 2 ** 30;

describe("the count of DRA's devices", () => {
  const cases: {
    readonly [title: string]: {
      readonly dra: Dra;
      readonly request?: GpuRequest;
      readonly nodes?: readonly NodeView[];
      /** Allocatable, free, and how many more replicas fit. */
      readonly count: readonly [number, number, number];
      /** Of all nodes. */
      readonly holders?: Readonly<Record<string, number>>;
    };
  } = {
    "those of the class of an extended resource": {
      dra: {
        slices: [sampleSlice("a", ["gpu-0", "gpu-1"]), sampleSlice("b", ["gpu-0"])],
        claims: [sampleClaim("upscaler-1", ["a/gpu-0"]), sampleClaim("trainer", ["b/gpu-0"])],
      },
      count: [3, 1, 1],
      holders: { "media/upscaler": 1, "media/trainer": 1 },
    },
    "none where no class has the resource": {
      dra: { slices: [sampleSlice("a", ["gpu-0"])], classes: [sampleClass({ extendedResource: undefined })] },
      count: [0, 0, 0],
    },
    "none of another class": {
      dra: { slices: [sampleSlice("a", [sampleDevice("mig", { attributes: { type: { string: "mig" } } })])] },
      count: [0, 0, 0],
    },
    "only whole replicas": {
      dra: { slices: [sampleSlice("a", ["0", "1", "2"]), sampleSlice("b", ["0"])] },
      request: extended(2),
      count: [4, 4, 1],
    },
    "those of the highest generation of a pool": {
      dra: {
        slices: [
          sampleSlice("a", ["0", "1"], { name: "old" }),
          sampleSlice("a", ["0"], { name: "new", pool: { name: "a", generation: 2, slices: 1 } }),
        ],
      },
      count: [1, 1, 1],
    },
    "none of a pool that is incomplete": {
      dra: { slices: [sampleSlice("a", ["0"], { pool: { name: "a", generation: 1, slices: 2 } })] },
      count: [0, 0, 0],
    },
    "none with a taint": {
      dra: { slices: [sampleSlice("a", ["0", sampleDevice("1", { taints: [taint] })])] },
      count: [1, 1, 1],
    },
    "those with a taint that informs only": {
      dra: { slices: [sampleSlice("a", [sampleDevice("1", { taints: [{ ...taint, effect: "None" }] })])] },
      count: [1, 1, 1],
    },
    "those with a tolerated taint": {
      dra: { slices: [sampleSlice("a", ["0", sampleDevice("1", { taints: [taint] })])] },
      request: claim({ tolerations: [{ key: taint.key, operator: "Exists" }] }),
      count: [2, 2, 2],
    },
    "those that the selectors of a claim select": {
      dra: {
        slices: [
          sampleSlice("a", ["0", sampleDevice("1", { attributes: { type: { string: "gpu" }, l4: { bool: true } } })]),
        ],
      },
      request: claim({ selectors: [`has(device.attributes['${driver}'].l4)`] }),
      count: [1, 1, 1],
    },
    "none with a selector that fails": {
      dra: { slices: [sampleSlice("a", ["0"])] },
      request: claim({ selectors: [`device.attributes['${driver}'].missing == 1`] }),
      count: [0, 0, 0],
    },
    "those with the requested capacity": {
      dra: { slices: [sampleSlice("a", ["0", sampleDevice("1", { capacity: { memory: { value: "24Gi" } } })])] },
      request: claim({ capacity: { memory: "40Gi" } }),
      count: [1, 1, 1],
    },
    "each device once where alternatives overlap": {
      dra: { slices: [sampleSlice("a", ["0", "1", "2"])] },
      request: claim({ name: "two", count: 2 }, { name: "one" }),
      count: [3, 3, 2],
    },
    // A GPU of seven slices: counters as structured/internal/experimental of Kubernetes 1.35 takes them.
    "the partitions that fit at the same time": {
      dra: { slices: [divided], classes: [mig] },
      request: seventh,
      count: [7, 7, 7],
    },
    "the partitions that others leave": {
      dra: { slices: [divided], classes: [mig], claims: [sampleClaim("trainer", ["a/gpu-0-3g-0"])] },
      request: seventh,
      count: [7, 4, 4],
      holders: { "media/trainer": 1 },
    },
    "no partition of a GPU that is in use as a whole": {
      dra: { slices: [divided], classes: [mig], claims: [sampleClaim("trainer", ["a/gpu-0-whole"])] },
      request: seventh,
      count: [7, 0, 0],
      holders: { "media/trainer": 1 },
    },
    "no whole GPU of which a partition is in use": {
      dra: { slices: [divided], claims: [sampleClaim("upscaler-1", ["a/gpu-0-1g-0"])] },
      count: [1, 0, 0],
      holders: { "media/upscaler": 1 },
    },
    "the shares that the capacity allows": {
      dra: {
        slices: [sampleSlice("a", [shared({ memory: { value: "80Gi" } })])],
        claims: [sampleClaim("x", [share(20 * gi)])],
      },
      request: claim({ capacity: { memory: "30Gi" } }),
      count: [3, 2, 2],
      holders: { "media/x": 1 },
    },
    // Kubernetes 1.36.3, dynamic-resource-allocation/structured: a request goes on behind the device that it took last.
    "two shares of different devices for each pod": {
      dra: { slices: [sampleSlice("a", [shared({ memory: { value: "80Gi" } })])] },
      request: claim({ count: 2, capacity: { memory: "20Gi" } }),
      count: [4, 4, 0],
    },
    "two shares for each pod, as many as the smaller device has": {
      dra: { slices: [sampleSlice("a", [shared({ memory: { value: "80Gi" } }), small])] },
      request: claim({ count: 2, capacity: { memory: "20Gi" } }),
      count: [6, 6, 2],
    },
    "one share where no amount is requested": {
      dra: { slices: [sampleSlice("a", [shared({ memory: { value: "80Gi" } })])] },
      count: [1, 1, 1],
    },
    "as many shares of an unlimited device as a kubelet admits pods": {
      dra: { slices: [sampleSlice("a", [shared({})])], claims: [sampleClaim("x", [{ ...share(0), consumed: {} }])] },
      count: [110, 109, 109],
      holders: { "media/x": 1 },
    },
    "a device that every node can use, once": {
      dra: { slices: [sampleSlice("a", ["0"], { place: { everywhere: true } })] },
      count: [1, 1, 1],
    },
    "it on a node that the service can use": {
      dra: { slices: [sampleSlice("a", ["0"], { place: { everywhere: true } })] },
      nodes: [{ ...a, cordoned: true }, b],
      count: [1, 1, 1],
    },
    "a device of the nodes that a selector selects": {
      dra: {
        slices: [
          sampleSlice("a", ["0"], {
            place: { terms: [{ matchExpressions: [{ key: "rack", operator: "In", values: ["b"] }] }] },
          }),
        ],
      },
      nodes: [a],
      count: [0, 0, 0],
    },
    "the devices of a slice on the nodes of each": {
      dra: {
        slices: [
          sampleSlice(
            "a",
            [sampleDevice("0", { place: { node: "a" } }), sampleDevice("1", { place: { node: "elsewhere" } })],
            { place: undefined },
          ),
        ],
      },
      count: [1, 1, 1],
    },
    "no device of a node that the service cannot use": {
      dra: { slices: [sampleSlice("a", ["0"]), sampleSlice("b", ["0"])] },
      nodes: [a, { ...b, ready: false }],
      count: [1, 1, 1],
    },
  };
  for (const [title, { dra, request, nodes, count, holders = {} }] of Object.entries(cases)) {
    it(`has ${title}`, () => {
      const gpus = view(dra, request, nodes);
      const { allocatable, free, replicas } = countGpus(gpus);
      assert.deepEqual([allocatable, free, replicas], count);
      assert.deepEqual(Object.assign({}, ...gpus.devices.map((node) => node.holders)), holders);
    });
  }

  // As the scheduler's noderesources/fit.go: what a device plugin offers is not delegated to DRA.
  it("has on each node the GPUs of its device plugin, or those of DRA where there is none", () => {
    const both = { ...a, allocatable: { "nvidia.com/gpu": 4 } };
    const none = { ...b, allocatable: { "nvidia.com/gpu": 0 } };
    const slices = [sampleSlice("a", ["0", "1"]), sampleSlice("b", ["0"])];
    assert.deepEqual(
      view({ slices }, extended(1), [both, none]).devices.map((one) => [one.allocatable, one.inventory !== undefined]),
      [
        [4, false],
        [1, true],
      ],
    );
  });

  it("has room for replicas beside the pods of others, as if the service's own had released their devices", () => {
    const dra = {
      slices: [sampleSlice("a", ["0", "1", "2"])],
      claims: [sampleClaim("upscaler-1", ["a/0"]), sampleClaim("trainer", ["a/1"])],
    };
    const own = samplePod({ name: "upscaler-1", node: "a", devices: { "nvidia.com/gpu": 1 } });
    const beside = (gpus: GpuView): readonly number[] => gpus.devices.map((one) => replicasBeside(one, [own], gpus));
    assert.deepEqual(beside(view(dra)), [2]);
    assert.deepEqual(beside(view(dra, extended(1), [{ ...a, cordoned: true }])), [1]);
  });

  it("is not repeated for a node without a change", () => {
    const slices = [sampleSlice("a", ["0"])];
    const dra = sampleDra({ slices });
    const snapshot = { synced: true, nodes: [{ node: a, held: {} }], dra };
    const [before, now] = [1, 2].map(() => gpuViewOf(extended(1), sampleService().scheduling, snapshot).devices[0]);
    assert.equal(before?.inventory, now?.inventory);
  });
});
