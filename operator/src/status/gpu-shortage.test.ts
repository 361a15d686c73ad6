import assert from "node:assert/strict";
import { samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { sampleDevices as node, sampleGpus as gpus } from "../plan/gpus.sample.ts";
import type { GpuView } from "../plan/gpus.ts";
import { capacity, gpuCapacity } from "./gpu-capacity.ts";
import { gpuShortage, mentionsDevice } from "./gpu-shortage.ts";

const resource = "nvidia.com/gpu";

describe("text of a GPU shortage", () => {
  const cases: { readonly [title: string]: { readonly gpus: GpuView; readonly text: string } } = {
    "no node has the resource": {
      gpus: gpus([]),
      text: "no node offers nvidia.com/gpu; check that the device plugin is running and advertises gpu.resourceName",
    },
    "no node is usable": {
      gpus: gpus([node(4, 4, { cordoned: true }), node(4, 4, { ready: false })]),
      text: "none of 2 nodes with nvidia.com/gpu is usable: 1 node is cordoned, 1 node is not ready",
    },
    "no node is large enough": {
      gpus: gpus([node(2, 2)], { perReplica: 4 }),
      text: "no node has 4 nvidia.com/gpu: the largest has 2; lower gpu.count, or add a larger node",
    },
    "all are in use": {
      gpus: gpus([node(4, 0), node(4, 0, {}, { "lab/trainer": 1, "lab/a": 1, "lab/b": 1, "media/upscaler": 1 })]),
      text: "no node has 1 free nvidia.com/gpu: 8 of 8 in use by media/upscaler (5), lab/a (1), lab/b (1), 1 more; free a GPU, add a node, or lower the number of replicas",
    },
    "too few are free on one node, and another node is cordoned": {
      gpus: gpus([node(4, 1, {}, {}), node(4, 1, {}, {}), node(4, 2, { cordoned: true }, { "lab/trainer": 2 })], {
        perReplica: 2,
      }),
      text: "no node has 2 free nvidia.com/gpu: 6 of 8 in use by pods that the operator cannot list, 2 free but no 2 on one node; 1 node is cordoned; free a GPU, add a node, or lower the number of replicas",
    },
  };
  for (const [title, { gpus: view, text }] of Object.entries(cases))
    it(title, () => assert.equal(gpuShortage(view), text));

  it("recognizes the device in the message of the scheduler", () => {
    assert.equal(mentionsDevice("3 Insufficient nvidia.com/gpu.", { [resource]: 1 }), true);
    assert.equal(mentionsDevice("3 Insufficient cpu.", { [resource]: 1 }), false);
  });
});

describe("GpuCapacity", () => {
  const devices = { [resource]: 1 };
  const waiting = samplePod({ node: undefined, unschedulable: "1 Insufficient nvidia.com/gpu", devices });
  const bound: PodView = { ...waiting, node: "n" };
  const full = gpus([node(4, 0)]);
  const cases: {
    readonly [title: string]: {
      readonly gpus: GpuView;
      readonly pods: readonly PodView[];
      readonly verdict: readonly [status: string, reason: string, message: string];
    };
  } = {
    "CPU mode": {
      gpus: gpus([], { perReplica: 0 }),
      pods: [],
      verdict: ["True", "NotNeeded", "the service runs on CPU"],
    },
    "nodes unknown": {
      gpus: gpus([], { synced: false }),
      pods: [waiting],
      verdict: ["Unknown", "NodesNotListed", "the nodes have not been listed yet"],
    },
    "all bound": {
      gpus: full,
      pods: [bound],
      verdict: ["True", "Sufficient", "no replica waits for a GPU; 0 of 4 nvidia.com/gpu are free"],
    },
    "one waits": {
      gpus: full,
      pods: [bound, waiting],
      verdict: ["False", "Exhausted", `1 replica waits for a GPU: ${gpuShortage(full)}`],
    },
    "two wait": {
      gpus: full,
      pods: [waiting, waiting],
      verdict: ["False", "Exhausted", `2 replicas wait for a GPU: ${gpuShortage(full)}`],
    },
  };
  for (const [title, { gpus: view, pods, verdict }] of Object.entries(cases)) {
    it(title, () => {
      const [status, reason, message] = verdict;
      assert.deepEqual(gpuCapacity({ gpus: view, pods }), { status, reason, message });
    });
  }

  it("counts the GPUs of all desired replicas", () => {
    const deployment = { spec: { replicas: 3 } } as Parameters<typeof capacity>[0]["deployment"];
    const view = gpus([node(8, 5)], { perReplica: 2 });
    assert.deepEqual(capacity({ gpus: view, deployment }), { gpusRequested: 6, gpusAllocatable: 8, gpusFree: 5 });
    assert.equal(capacity({ gpus: gpus([], { perReplica: 0 }), deployment }), undefined);
    assert.equal(capacity({ gpus: gpus([], { synced: false }), deployment }), undefined);
  });
});
