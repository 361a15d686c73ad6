import assert from "node:assert/strict";
import { samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { sampleDevices as node, sampleGpus as gpus } from "../plan/gpus.sample.ts";
import type { GpuView } from "../plan/gpus.ts";
import { capacity, gpuCapacity } from "./gpu-capacity.ts";
import { gpuShortage, unmatchedSelection, waitsForGpu } from "./gpu-shortage.ts";

const resource = "nvidia.com/gpu";

describe("text of a GPU shortage", () => {
  const cases: { readonly [title: string]: { readonly gpus: GpuView; readonly text: string } } = {
    "no node has the resource": {
      gpus: gpus([]),
      text: "no node offers nvidia.com/gpu; check that the device plugin or the DRA driver is running, that it offers gpu.resourceName, and that devices are free",
    },
    "no node is usable": {
      gpus: gpus([node(4, 4, { cordoned: true }), node(4, 4, { ready: false })]),
      text: "none of 2 nodes with nvidia.com/gpu is usable: 1 node is cordoned, 1 node is not ready",
    },
    "no node is large enough": {
      gpus: gpus([node(2, 2)], { perReplica: 4 }),
      text: "no node has 4 nvidia.com/gpu: the largest has 2; lower gpu.count, or add a larger node",
    },
    "one is free, where a replica does not fit": {
      gpus: gpus([node(4, 1), node(4, 0)]),
      text: "1 of 8 nvidia.com/gpu are free, but the scheduler has found no node with all that a replica needs; see kubectl describe pod",
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

  const pool = { pool: "a100" };
  const inZone = [{ matchExpressions: [{ key: "zone", operator: "In", values: ["b"] }] }];
  const two = [node(4, 4, { labels: pool }), node(4, 4, { labels: { pool: "h100", zone: "b" } })];
  const all = (count: number, unmatched: number): string =>
    `0/${count} nodes are available: ${unmatched} node(s) didn't match Pod's node affinity/selector.`;
  const unmatched: {
    readonly [title: string]: { readonly gpus: GpuView; readonly message?: string; readonly text: string | undefined };
  } = {
    "a label that no node with GPUs has": {
      gpus: gpus(two, { nodeSelector: { pool: "typo" } }),
      text: "no node with nvidia.com/gpu has the label pool=typo (scheduling.nodeSelector); correct it, or label a node",
    },
    "labels that no node with GPUs has together": {
      gpus: gpus(two, { nodeSelector: { pool: "a100", zone: "b" } }),
      text: "no node with nvidia.com/gpu has the labels pool=a100, zone=b (scheduling.nodeSelector); correct it, or label a node",
    },
    "an affinity that no selected node meets": {
      gpus: gpus(two, { nodeSelector: pool, nodeAffinity: inZone }),
      text: "no node with nvidia.com/gpu meets zone in (b) (scheduling.affinity.nodeAffinity); correct it, or label a node",
    },
    "none where a node matches": { gpus: gpus(two, { nodeAffinity: inZone }), message: all(2, 1), text: undefined },
    "the selection of a service without GPUs, from the scheduler's counts": {
      gpus: gpus([], { perReplica: 0, nodeSelector: pool, nodeAffinity: inZone }),
      message: all(3, 3),
      text: "no node matches label pool=a100 (scheduling.nodeSelector), zone in (b) (scheduling.affinity.nodeAffinity); correct it, or label a node",
    },
    // Kubeadm taints each control-plane node.
    "the selection beside nodes with taints and cordoned ones": {
      gpus: gpus([], { perReplica: 0, nodeSelector: pool }),
      message:
        "0/38 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) were unschedulable, 35 node(s) didn't match Pod's node affinity/selector. preemption: 0/38 nodes are available: 38 Preemption is not helpful for scheduling.",
      text: "no other node matches label pool=a100 (scheduling.nodeSelector); correct it, or label a node",
    },
    "none of a service without GPUs where a node matches": {
      gpus: gpus([], { perReplica: 0, nodeSelector: pool }),
      message: all(3, 2),
      text: undefined,
    },
    "none without a selector": { gpus: gpus([], { perReplica: 0 }), message: all(1, 1), text: undefined },
  };
  for (const [title, { gpus: view, message = "", text }] of Object.entries(unmatched)) {
    it(`names ${title}`, () => assert.equal(unmatchedSelection(message, view), text));
  }

  it("recognizes the device in the message of the scheduler", () => {
    const gpu = { devices: { [resource]: 1 }, claims: [] };
    assert.equal(waitsForGpu("3 Insufficient nvidia.com/gpu.", gpu), true);
    assert.equal(waitsForGpu("3 Insufficient cpu.", gpu), false);
    assert.equal(waitsForGpu("2 cannot allocate all claims.", gpu), true);
    assert.equal(waitsForGpu("2 cannot allocate all claims.", { devices: {}, claims: [] }), false);
    assert.equal(
      waitsForGpu("0/2 nodes are available: 1 Insufficient cpu, 1 Insufficient nvidia.com/gpu. preemption: 0/2", gpu),
      true,
    );
  });

  it("distinguishes the GPU from further devices of a pod", () => {
    const devices = { [resource]: 1, "nvidia.com/gpumem": 4000, "example.com/fpga": 1 };
    const mentions = (text: string) =>
      waitsForGpu(`0/3 nodes are available: 3 Insufficient ${text}.`, { devices, claims: [] }, gpus([]).request);
    assert.deepEqual(Object.keys(devices).map(mentions), [true, false, false]);
    assert.equal(
      waitsForGpu("1 Insufficient nvidia.com/gpu.shared.", { devices: { [resource]: 1 }, claims: [] }),
      false,
    );
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
    "all but those that a scheduling gate holds back": {
      gpus: full,
      pods: [bound, samplePod({ node: undefined, gates: ["kueue.x-k8s.io/admission"], devices })],
      verdict: [
        "True",
        "Sufficient",
        "no replica waits for a GPU; 0 of 4 nvidia.com/gpu are free; 1 held back by scheduling gates, see Ready",
      ],
    },
    "one waits": {
      gpus: full,
      pods: [bound, waiting],
      verdict: ["False", "Exhausted", `1 replica waits for a GPU: ${gpuShortage(full)}`],
    },
    "one waits, and Karpenter adds its node": {
      gpus: full,
      pods: [bound, { ...waiting, provisioning: { coming: true, progress: "NodeClaim gpus-1 is not launched yet" } }],
      verdict: [
        "False",
        "WaitingForNode",
        "1 replica waits for a GPU of a node that Karpenter is adding: NodeClaim gpus-1 is not launched yet",
      ],
    },
    "two wait, and Karpenter adds a node for one": {
      gpus: full,
      pods: [waiting, { ...waiting, provisioning: { coming: true, progress: "NodeClaim gpus-1 is not launched yet" } }],
      verdict: ["False", "Exhausted", `2 replicas wait for a GPU: ${gpuShortage(full)}`],
    },
    "one waits, and Karpenter refuses": {
      gpus: full,
      pods: [{ ...waiting, provisioning: { coming: false, why: "no instance type fits" } }],
      verdict: [
        "False",
        "Exhausted",
        `1 replica waits for a GPU: ${gpuShortage(full)}; Karpenter adds no node for it: no instance type fits`,
      ],
    },
    // Read "Sufficient: 0 of 0" while pods waited.
    "one waits for a node whose label is misspelt": {
      gpus: { ...full, nodeSelector: { pool: "typo" } },
      pods: [{ ...waiting, unschedulable: "1 node(s) didn't match Pod's node affinity/selector" }],
      verdict: [
        "False",
        "Exhausted",
        "1 replica waits for a GPU: no node with nvidia.com/gpu has the label pool=typo (scheduling.nodeSelector); correct it, or label a node",
      ],
    },
    // Read "Sufficient: 0 of 4 free" while pods waited.
    "one waits, and the scheduler has not reported why": {
      gpus: full,
      pods: [{ ...waiting, unschedulable: undefined }],
      verdict: ["False", "Exhausted", `1 replica waits for a GPU: ${gpuShortage(full)}`],
    },
    "one waits for CPU": {
      gpus: gpus([node(4, 3)]),
      pods: [bound, { ...waiting, unschedulable: "1 Insufficient cpu" }],
      verdict: [
        "True",
        "Sufficient",
        "1 replica waits for something other than a GPU, see Ready; 3 of 4 nvidia.com/gpu are free",
      ],
    },
    "one of two waits for a device of DRA": {
      gpus: gpus([]),
      pods: [bound, { ...waiting, unschedulable: "2 cannot allocate all claims" }],
      verdict: ["False", "Exhausted", `1 replica waits for a GPU: ${gpuShortage(gpus([]))}`],
    },
    "all have devices of DRA": {
      gpus: gpus([]),
      pods: [bound],
      verdict: ["True", "Sufficient", "no replica waits for a GPU; no node reports the number of free nvidia.com/gpu"],
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
    assert.deepEqual(capacity({ gpus: view, deployment }), {
      gpusRequested: 6,
      gpusAllocatable: 8,
      gpusFree: 5,
      source: "DevicePlugin",
    });
    assert.equal(capacity({ gpus: gpus([], { perReplica: 0 }), deployment }), undefined);
    assert.equal(capacity({ gpus: gpus([], { synced: false }), deployment }), undefined);
  });
});
