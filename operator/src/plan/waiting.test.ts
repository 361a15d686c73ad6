import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import type { GpuRequest } from "../effective/gpu-request.ts";
import type { ChildStatus } from "../observe/child-view.ts";
import { sampleClaim, sampleDra, sampleSlice } from "../observe/devices.sample.ts";
import { sampleNode } from "../observe/node-view.sample.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import type { PodView } from "../observe/pod-view.ts";
import { sampleDevices, sampleGpus } from "./gpus.sample.ts";
import { gpuViewOf, type GpuView } from "./gpus.ts";
import { isUncounted, patienceEndsMs, surgeFailure, waitingReplicas, type WaitingInput } from "./waiting.ts";

const now = Date.parse("2026-01-01T00:10:00Z");
const ago = (seconds: number): string => new Date(now - seconds * 1_000).toISOString();

const devices = { "nvidia.com/gpu": 1 };
const bound = samplePod({ devices, createdAt: ago(500) });
/** The scheduler's messages as Kubernetes 1.35 writes them. */
const full =
  "0/1 nodes are available: 1 Insufficient nvidia.com/gpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.";
const excluded =
  "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
const claims =
  "0/2 nodes are available: 2 cannot allocate all claims. preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.";
const waiting = samplePod({ name: "w", devices, node: undefined, unschedulable: full, createdAt: ago(500) });
/** By Kueue 0.17.0: it has the queue's label, and no condition of the scheduler. */
const gated: PodView = {
  ...samplePod({ name: "w", devices, node: undefined, createdAt: ago(500) }),
  gates: ["kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology"],
  labels: { "kueue.x-k8s.io/queue-name": "gpus" },
};
const fresh: PodView = { ...waiting, createdAt: ago(59) };
const terminating: PodView = { ...bound, terminating: true, terminatesBy: ago(-300) };

function many(count: number, pod: PodView): readonly PodView[] {
  return Array.from({ length: count }, () => pod);
}

/** All of its pods have the current template, unless `status` differs. */
function deployment(replicas: number, status: ChildStatus = {}): NonNullable<WaitingInput["deployment"]> {
  const counts = { observedGeneration: 1, replicas, updatedReplicas: replicas };
  return { generation: 1, spec: { replicas }, status: { ...counts, ...status } };
}

function failure(message: string, seconds: number): ChildStatus {
  return {
    conditions: [{ type: "ReplicaFailure", status: "True", message, lastTransitionTime: ago(seconds) }],
  };
}

const replacing: ChildStatus = { updatedReplicas: 1 };
const quota = 'pods "p" is forbidden: exceeded quota: gpus';

describe("the replicas that have no room", () => {
  /** Four GPUs on one node; the sample pods are on it. */
  const four = (free: number, change?: Parameters<typeof sampleDevices>[2]): GpuView =>
    sampleGpus([sampleDevices(4, free, change)]);
  const cases: {
    readonly [title: string]: {
      readonly of: WaitingInput["deployment"];
      readonly pods: readonly PodView[];
      readonly gpus: GpuView;
      readonly before?: number;
      readonly count: number;
    };
  } = {
    "are none without a Deployment": { of: undefined, pods: [waiting], gpus: four(0), count: 0 },
    "are none where all fit": { of: deployment(4), pods: many(4, bound), gpus: four(0), count: 0 },
    "are at once those beyond the GPUs": {
      of: deployment(6),
      pods: [...many(4, bound), fresh, fresh],
      gpus: four(0),
      count: 2,
    },
    "stay the same while a pod terminates, however long that takes": {
      of: deployment(6, replacing),
      pods: [...many(3, bound), terminating, ...many(3, waiting)],
      gpus: four(0),
      before: 2,
      count: 2,
    },
    "stay the same between the end of a pod and the start of the next": {
      of: deployment(6, replacing),
      pods: [...many(3, bound), ...many(3, waiting)],
      gpus: four(1),
      before: 2,
      count: 2,
    },
    "are found while pods are replaced, too": {
      of: deployment(6, replacing),
      pods: [...many(4, bound), ...many(2, waiting)],
      gpus: four(0),
      count: 2,
    },
    "are none in a rollout of as many replicas as there are GPUs": {
      of: deployment(4, replacing),
      pods: [...many(3, bound), waiting],
      gpus: four(1),
      count: 0,
    },
    "are more when another service takes the GPU that became free": {
      of: deployment(4, replacing),
      pods: [...many(3, bound), fresh],
      gpus: four(0),
      count: 1,
    },
    "include those of a node that does not report, whose pods never finish terminating": {
      of: deployment(4),
      pods: [...many(2, bound), ...many(2, { ...terminating, node: "lost", terminatesBy: ago(30) }), fresh, fresh],
      gpus: sampleGpus([sampleDevices(2, 0), sampleDevices(2, 0, { name: "lost", ready: false })]),
      count: 2,
    },
    "are none when the new template excludes the node: deleting its pods would not help": {
      of: deployment(4, replacing),
      pods: [...many(3, bound), { ...waiting, unschedulable: excluded }],
      gpus: { ...four(1), nodeSelector: { pool: "typo" } },
      count: 0,
    },
    "are none when no node has as many GPUs as the new template requests": {
      of: deployment(4, replacing),
      pods: [...many(3, bound), waiting],
      gpus: { ...four(1), perReplica: 8 },
      count: 0,
    },
    "are those that wait for longer than a minute for anything else": {
      of: deployment(4),
      pods: [...many(2, bound), waiting, fresh],
      gpus: sampleGpus([], { perReplica: 0 }),
      count: 1,
    },
    "are those that the quota has forbidden for a minute": {
      of: deployment(4, { replicas: 3, updatedReplicas: 3, ...failure(quota, 60) }),
      pods: many(3, bound),
      gpus: four(1),
      count: 1,
    },
    "are none when a rollout's own pods are forbidden": {
      of: deployment(4, { replicas: 3, updatedReplicas: 0, ...failure("violates PodSecurity", 60) }),
      pods: many(3, bound),
      gpus: four(1),
      count: 0,
    },
    "are no more than are unplaced": {
      of: deployment(4, replacing),
      pods: [...many(3, bound), waiting],
      gpus: sampleGpus([], { perReplica: 0 }),
      before: 3,
      count: 1,
    },
    "are not known from the old pods until the Deployment controller has observed a change": {
      of: { ...deployment(4), generation: 2 },
      pods: [...many(3, bound), waiting],
      gpus: sampleGpus([], { perReplica: 0 }),
      count: 0,
    },
  };
  for (const [title, { of, pods, gpus, before = 0, count }] of Object.entries(cases)) {
    it(title, () => assert.equal(waitingReplicas({ deployment: of, pods, gpus, now }, before), count));
  }
});

describe("a surge that fails", () => {
  const node = sampleGpus([sampleDevices(4, 0)]);
  const cpuOnly = sampleGpus([], { perReplica: 0 });
  const cpu = full.replace("nvidia.com/gpu", "cpu");
  const cases: { readonly [title: string]: readonly [change: Partial<WaitingInput>, text: string | undefined] } = {
    "is one whose pod has waited a minute for a GPU": [
      { pods: [bound, waiting] },
      `pod w could not be scheduled: ${full}`,
    ],
    "is one whose pod has waited a minute for CPU": [
      { pods: [bound, { ...waiting, unschedulable: cpu }], gpus: cpuOnly },
      `pod w could not be scheduled: ${cpu}`,
    ],
    "is one whose pod has waited a minute for a device of DRA": [
      { pods: [bound, { ...waiting, unschedulable: claims }], gpus: sampleGpus([]) },
      `pod w could not be scheduled: ${claims}`,
    ],
    "is one whose pod Kueue has held back for a minute": [
      { pods: [bound, gated] },
      "pod w is held back: Kueue's queue gpus has not admitted it; see kubectl describe localqueue gpus",
    ],
    "is not one whose pod Kueue has just held back": [{ pods: [bound, { ...gated, createdAt: ago(59) }] }, undefined],
    "is not one whose pod takes more GPUs than the serving ones: Kueue may never admit it": [
      { pods: [bound, { ...gated, devices: { "nvidia.com/gpu": 2 } }] },
      undefined,
    ],
    "is not one whose pod a gate of another controller holds back": [
      { pods: [bound, { ...gated, gates: ["example.com/license"] }] },
      undefined,
    ],
    "is not one whose pod has not waited a minute": [{ pods: [bound, fresh] }, undefined],
    "is not one whose pod no node may run: the deletion of a serving pod would not help": [
      { pods: [bound, { ...waiting, unschedulable: excluded }] },
      undefined,
    ],
    "is not one that moves to other nodes": [
      { pods: [bound, waiting], gpus: { ...node, nodeSelector: { pool: "other" } } },
      undefined,
    ],
    "is one that the quota has forbidden for a minute": [
      { deployment: deployment(4, failure(quota, 60)), pods: [bound] },
      quota,
    ],
    "is not one that the quota has just forbidden": [
      { deployment: deployment(4, failure(quota, 59)), pods: [bound] },
      undefined,
    ],
    "is not one that a policy forbids": [
      { deployment: deployment(4, failure("violates PodSecurity", 60)), pods: [bound] },
      undefined,
    ],
  };
  for (const [title, [change, text]] of Object.entries(cases)) {
    it(title, () => {
      assert.equal(surgeFailure({ deployment: deployment(4), pods: [], gpus: node, now, ...change }), text);
    });
  }
});

describe("the replicas that have no room for a claim", () => {
  const request: GpuRequest = {
    kind: "ResourceClaim",
    alternatives: [
      { name: "gpu", deviceClass: "gpu.nvidia.com", count: 1, selectors: [], tolerations: [], capacity: {} },
    ],
  };
  const own = ["upscaler-1", "upscaler-2"];
  const slices = [sampleSlice("n", ["0", "1", "2"])];
  const dra = sampleDra({
    slices,
    claims: [...own.map((name, index) => sampleClaim(name, [`n/${index}`])), sampleClaim("trainer", ["n/2"])],
  });
  const gpus = gpuViewOf(request, sampleService().scheduling, {
    synced: true,
    nodes: [{ node: sampleNode(), held: {} }],
    dra,
  });
  const placed = own.map((name) => samplePod({ name, claims: ["gpu"], createdAt: ago(500) }));

  it("are those beyond the devices that are free or its own", () => {
    const counted = (replicas: number) =>
      waitingReplicas({ deployment: deployment(replicas), pods: placed, gpus, now }, 0);
    assert.deepEqual([2, 3, 4].map(counted), [0, 1, 2]);
  });

  it("are not known where the devices are not", () => {
    const unknown = { ...gpus, devices: [], dra: undefined };
    assert.deepEqual([isUncounted(unknown, placed), isUncounted(gpus, placed)], [true, false]);
  });
});

it("free GPUs are not known where pods hold devices that no node lists", () => {
  assert.equal(isUncounted(sampleGpus([]), [bound]), true);
  assert.equal(isUncounted(sampleGpus([]), [waiting]), false);
  assert.equal(isUncounted(sampleGpus([sampleDevices(4, 0)]), [bound]), false);
  assert.equal(isUncounted(sampleGpus([], { perReplica: 0 }), [bound]), false);
});

it("is decided again when a pod, or a forbidden one, has waited a minute", () => {
  const due = (pods: readonly PodView[], status?: ChildStatus): number | undefined =>
    patienceEndsMs({ deployment: deployment(4, status), pods, gpus: sampleGpus([]), now });
  assert.equal(due([bound, waiting]), undefined);
  assert.equal(due([fresh, { ...fresh, createdAt: ago(10) }]), 1_000);
  assert.equal(due([bound], failure(quota, 50)), 10_000);
});
