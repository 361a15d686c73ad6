import assert from "node:assert/strict";
import type { StoreChange } from "../runtime/store.ts";
import { GpuLedger } from "./gpu-ledger.ts";
import type { NodeView } from "./node-view.ts";
import type { PodView } from "./pod-view.ts";

const gpu = "nvidia.com/gpu";

function node(name: string, count: number): NodeView {
  return {
    name,
    labels: {},
    taints: [],
    cordoned: false,
    ready: true,
    allocatable: count === 0 ? {} : { [gpu]: count },
  };
}

function pod(count: number, on: string | undefined, phase = "Running"): PodView {
  return { phase, node: on, devices: count === 0 ? {} : { [gpu]: count } } as PodView;
}

const key = "media/pod";
const origin = "watch";

function added(current: PodView | undefined): StoreChange<PodView | undefined> {
  return { type: "added", key, origin, current };
}

function updated(previous: PodView | undefined, current: PodView | undefined): StoreChange<PodView | undefined> {
  return { type: "updated", key, origin, previous, current };
}

describe("the ledger of GPUs", () => {
  const cases: {
    readonly title: string;
    readonly changes: readonly StoreChange<PodView | undefined>[];
    /** Of the 4 of `a` and the 8 of `b`. */
    readonly free: readonly [a: number, b: number];
  }[] = [
    { title: "nobody holds any", changes: [], free: [4, 8] },
    { title: "two pods on one node", changes: [added(pod(1, "a")), added(pod(2, "a"))], free: [1, 8] },
    { title: "a pod that waits for a node", changes: [added(pod(2, undefined, "Pending"))], free: [4, 8] },
    {
      title: "a pod that found its node",
      changes: [added(pod(2, undefined, "Pending")), updated(pod(2, undefined, "Pending"), pod(2, "b"))],
      free: [4, 6],
    },
    {
      title: "a pod that has ended, though it is still there",
      changes: [added(pod(2, "a")), updated(pod(2, "a"), pod(2, "a", "Succeeded"))],
      free: [4, 8],
    },
    {
      title: "a pod that is gone",
      changes: [added(pod(2, "a")), { type: "deleted", key, origin, previous: pod(2, "a") }],
      free: [4, 8],
    },
    {
      title: "a pod that is none of ours and holds none",
      changes: [added(undefined), added(pod(0, "a"))],
      free: [4, 8],
    },
    { title: "more held than there are, as when a GPU breaks", changes: [added(pod(6, "a"))], free: [0, 8] },
  ];
  for (const { title, changes, free } of cases) {
    it(title, () => {
      const ledger = new GpuLedger();
      for (const change of changes) ledger.observe(change);
      const [a, b] = [node("a", 4), node("b", 8)];
      assert.deepEqual(ledger.devices(gpu, [b, node("without", 0), a]), [
        { node: a, allocatable: 4, free: free[0] },
        { node: b, allocatable: 8, free: free[1] },
      ]);
    });
  }
});
