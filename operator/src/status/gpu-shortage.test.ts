import assert from "node:assert/strict";
import type { NodeDevices } from "../observe/gpu-ledger.ts";
import type { NodeView } from "../observe/node-view.ts";
import type { PodView } from "../observe/pod-view.ts";
import { capacity, gpuCapacity } from "./gpu-capacity.ts";
import { countGpus, exclusion, gpuShortage, mentionsDevice, type GpuView } from "./gpu-shortage.ts";

const resource = "nvidia.com/gpu";

function node(allocatable: number, free: number, change: Partial<NodeView> = {}): NodeDevices {
  const view = { name: "n", labels: {}, taints: [], cordoned: false, ready: true, allocatable: {}, ...change };
  return { node: view, allocatable, free };
}

function gpus(devices: readonly NodeDevices[], change: Partial<GpuView> = {}): GpuView {
  const holders = (): [{ name: string; count: number }] => [{ name: "media/upscaler", count: 6 }];
  return { resource, perReplica: 1, synced: true, devices, holders, nodeSelector: {}, tolerations: [], ...change };
}

describe("whether a node can be used", () => {
  const taint = { key: "team", value: "video", effect: "NoSchedule" };
  const cases: {
    readonly title: string;
    readonly node?: Partial<NodeView>;
    readonly gpus?: Partial<GpuView>;
    readonly why: string | undefined;
  }[] = [
    { title: "it can", why: undefined },
    { title: "not ready", node: { ready: false }, why: "not ready" },
    { title: "cordoned", node: { cordoned: true }, why: "cordoned" },
    {
      title: "another label",
      node: { labels: { gpu: "a100" } },
      gpus: { nodeSelector: { gpu: "h100" } },
      why: "labels do not match the nodeSelector",
    },
    { title: "a taint", node: { taints: [taint] }, why: "a taint is not tolerated" },
    { title: "a preference", node: { taints: [{ ...taint, effect: "PreferNoSchedule" }] }, why: undefined },
    {
      title: "a tolerated taint",
      node: { taints: [taint] },
      gpus: { tolerations: [{ key: "team", value: "video" }] },
      why: undefined,
    },
    {
      title: "a taint of another value",
      node: { taints: [taint] },
      gpus: { tolerations: [{ key: "team", value: "audio" }] },
      why: "a taint is not tolerated",
    },
    {
      title: "a taint of another effect",
      node: { taints: [taint] },
      gpus: { tolerations: [{ key: "team", operator: "Exists", effect: "NoExecute" }] },
      why: "a taint is not tolerated",
    },
    {
      title: "everything tolerated",
      node: { taints: [taint] },
      gpus: { tolerations: [{ operator: "Exists" }] },
      why: undefined,
    },
  ];
  for (const { title, node: change, gpus: view, why } of cases) {
    it(title, () => assert.equal(exclusion(node(4, 4, change).node, gpus([], view)), why));
  }
});

describe("what is short of GPUs", () => {
  const cases: { readonly title: string; readonly gpus: GpuView; readonly says: string }[] = [
    {
      title: "no node has any",
      gpus: gpus([]),
      says: "no node offers nvidia.com/gpu: is the device plugin running, and does gpu.resourceName say what it advertises?",
    },
    {
      title: "none can be used",
      gpus: gpus([node(4, 4, { cordoned: true }), node(4, 4, { ready: false })]),
      says: "none of 2 nodes with nvidia.com/gpu can be used: 1 cordoned, 1 not ready",
    },
    {
      title: "none is large enough",
      gpus: gpus([node(2, 2)], { perReplica: 4 }),
      says: "no node has 4 nvidia.com/gpu: the largest has 2; lower gpu.count, or add a larger node",
    },
    {
      title: "all are in use",
      gpus: gpus([node(4, 0), node(4, 0)]),
      says: "no node has 1 free nvidia.com/gpu: 8 of 8 in use by media/upscaler (6); free some, add a node, or lower the replicas",
    },
    {
      title: "some are free, but not on one node, and others can't be used",
      gpus: gpus([node(4, 1), node(4, 1), node(4, 4, { cordoned: true })], { perReplica: 2, holders: () => [] }),
      says: "no node has 2 free nvidia.com/gpu: 6 of 8 in use by nobody we can see, 2 free but not 2 on one node; other nodes: 1 cordoned; free some, add a node, or lower the replicas",
    },
  ];
  for (const { title, gpus: view, says } of cases) it(title, () => assert.equal(gpuShortage(view), says));

  it("counts whole replicas on nodes that can be used", () => {
    const devices = [node(8, 5), node(4, 1), node(8, 8, { ready: false })];
    assert.deepEqual(countGpus(gpus(devices, { perReplica: 2 })), { allocatable: 12, free: 6, replicas: 2 });
  });

  it("knows the scheduler's word for it", () => {
    assert.equal(mentionsDevice("3 Insufficient nvidia.com/gpu.", { [resource]: 1 }), true);
    assert.equal(mentionsDevice("3 Insufficient cpu.", { [resource]: 1 }), false);
  });
});

describe("GpuCapacity", () => {
  const devices = { [resource]: 1 };
  const waiting = { node: undefined, unschedulable: "1 Insufficient nvidia.com/gpu", devices } as unknown as PodView;
  const bound: PodView = { ...waiting, node: "n" };
  const full = gpus([node(4, 0)]);
  const cases: {
    readonly title: string;
    readonly gpus: GpuView;
    readonly pods: readonly PodView[];
    readonly verdict: readonly [status: string, reason: string, message: string];
  }[] = [
    { title: "CPU mode", gpus: gpus([], { perReplica: 0 }), pods: [], verdict: ["True", "NotNeeded", "runs on CPU"] },
    {
      title: "nodes unknown",
      gpus: gpus([], { synced: false }),
      pods: [waiting],
      verdict: ["Unknown", "NodesNotListed", "the nodes have not been listed yet"],
    },
    { title: "all bound", gpus: full, pods: [bound], verdict: ["True", "Sufficient", "0 of 4 nvidia.com/gpu free"] },
    {
      title: "one waits",
      gpus: full,
      pods: [bound, waiting],
      verdict: ["False", "Exhausted", `1 replica waits: ${gpuShortage(full)}`],
    },
    {
      title: "two wait",
      gpus: full,
      pods: [waiting, waiting],
      verdict: ["False", "Exhausted", `2 replicas wait: ${gpuShortage(full)}`],
    },
  ];
  for (const { title, gpus: view, pods, verdict } of cases) {
    it(title, () => {
      const [status, reason, message] = verdict;
      assert.deepEqual(gpuCapacity({ gpus: view, pods }), { status, reason, message });
    });
  }

  it("counts what the Deployment wants", () => {
    const deployment = { spec: { replicas: 3 } } as Parameters<typeof capacity>[0]["deployment"];
    const view = gpus([node(8, 5)], { perReplica: 2 });
    assert.deepEqual(capacity({ gpus: view, deployment }), { gpusRequested: 6, gpusAllocatable: 8, gpusFree: 5 });
    assert.equal(capacity({ gpus: gpus([], { perReplica: 0 }), deployment }), undefined);
    assert.equal(capacity({ gpus: gpus([], { synced: false }), deployment }), undefined);
  });
});
