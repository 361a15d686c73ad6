import assert from "node:assert/strict";
import { gpuRequest } from "../effective/gpu-request.ts";
import { sampleService } from "../desired/service.sample.ts";
import { sampleNode } from "../observe/node-view.sample.ts";
import type { NodeView } from "../observe/node-view.ts";
import { sampleDevices, sampleGpus } from "./gpus.sample.ts";
import { countGpus, exclusion, gpuView, type GpuView } from "./gpus.ts";

const resource = "nvidia.com/gpu";

describe("the GPUs of a service", () => {
  const a = sampleNode({ name: "a", allocatable: { [resource]: 4 } });
  const b = sampleNode({ name: "b", allocatable: { [resource]: 2 } });
  const other = sampleNode({ name: "c", allocatable: { "amd.com/gpu": 8 } });
  const held = { [resource]: { "media/upscaler": 1, "lab/trainer": 2 }, "example.com/fpga": { "lab/trainer": 1 } };
  const nodes = [
    { node: a, held },
    { node: b, held },
    { node: other, held: {} },
  ];

  it("are those of its resource without the held ones; 0 when a GPU breaks and more are held than exist", () => {
    const service = sampleService();
    const { nodeSelector, tolerations } = service.scheduling;
    const holders = held[resource];
    assert.deepEqual(
      gpuView(service, gpuRequest(service, "ExtendedResource"), { synced: true, nodes, dra: undefined }),
      {
        request: { kind: "ExtendedResource", resource, count: 1 },
        perReplica: 1,
        synced: true,
        nodes,
        devices: [
          { node: a, allocatable: 4, free: 1, holders, fits: 1, inventory: undefined },
          { node: b, allocatable: 2, free: 0, holders, fits: 0, inventory: undefined },
        ],
        dra: undefined,
        deviceRequests: [],
        nodeSelector,
        nodeAffinity: undefined,
        tolerations,
      },
    );
  });

  it("are none in CPU mode", () => {
    const service = sampleService({ gpu: { count: 0 } });
    assert.deepEqual(
      gpuView(service, gpuRequest(service, "ExtendedResource"), { synced: false, nodes, dra: undefined }).devices,
      [],
    );
  });
});

describe("whether a service can use a node", () => {
  const taint = { key: "team", value: "video", effect: "NoSchedule" };
  const cases: {
    readonly [title: string]: {
      readonly node?: Partial<NodeView>;
      readonly gpus?: Partial<GpuView>;
      readonly why: string | undefined;
    };
  } = {
    "an empty node": { why: undefined },
    "not ready": { node: { ready: false }, why: "NotReady" },
    cordoned: { node: { cordoned: true }, why: "Cordoned" },
    "another label": {
      node: { labels: { gpu: "a100" } },
      gpus: { nodeSelector: { gpu: "h100" } },
      why: "NodeSelector",
    },
    "another zone than the affinity requires": {
      node: { labels: { zone: "a" } },
      gpus: { nodeAffinity: [{ matchExpressions: [{ key: "zone", operator: "In", values: ["b"] }] }] },
      why: "NodeAffinity",
    },
    "a taint": { node: { taints: [taint] }, why: "Taint" },
    "a preference": { node: { taints: [{ ...taint, effect: "PreferNoSchedule" }] }, why: undefined },
    "a tolerated taint": {
      node: { taints: [taint] },
      gpus: { tolerations: [{ key: "team", value: "video" }] },
      why: undefined,
    },
    "a taint of another value": {
      node: { taints: [taint] },
      gpus: { tolerations: [{ key: "team", value: "audio" }] },
      why: "Taint",
    },
    "a taint of another effect": {
      node: { taints: [taint] },
      gpus: { tolerations: [{ key: "team", operator: "Exists", effect: "NoExecute" }] },
      why: "Taint",
    },
    "everything tolerated": {
      node: { taints: [taint] },
      gpus: { tolerations: [{ operator: "Exists" }] },
      why: undefined,
    },
  };
  for (const [title, { node: change, gpus: seen, why }] of Object.entries(cases)) {
    it(title, () => assert.equal(exclusion(sampleNode(change), sampleGpus([], seen)), why));
  }
});

describe("the count of GPUs", () => {
  it("is in whole replicas, on nodes that can be used", () => {
    const devices = [sampleDevices(8, 5), sampleDevices(4, 1), sampleDevices(8, 8, { ready: false })];
    assert.deepEqual(countGpus(sampleGpus(devices, { perReplica: 2 })), { allocatable: 12, free: 6, replicas: 2 });
  });
});
