import assert from "node:assert/strict";
import type { StoreChange } from "../runtime/store.ts";
import { GpuLedger, type DeviceNode } from "./gpu-ledger.ts";
import { sampleNode } from "./node-view.sample.ts";
import type { NodeView } from "./node-view.ts";
import { samplePod } from "./pod-view.sample.ts";
import type { PodView } from "./pod-view.ts";
import { added, deleted, updated } from "./store-change.sample.ts";

const gpu = "nvidia.com/gpu";

function node(name: string, count: number): NodeView {
  return sampleNode({ name, allocatable: count === 0 ? {} : { [gpu]: count } });
}

function pod(count: number, on: string | undefined, change: Partial<PodView> = {}): PodView {
  const devices = count === 0 ? {} : { [gpu]: count };
  return samplePod({ node: on, devices, phase: "Running", ...change });
}

describe("the ledger of devices", () => {
  const waiting = pod(2, undefined, { phase: "Pending" });
  const cases: {
    readonly [title: string]: {
      readonly changes: readonly StoreChange<PodView | undefined>[];
      readonly a?: DeviceNode["held"];
      readonly b?: DeviceNode["held"];
    };
  } = {
    "no pod holds any": { changes: [] },
    "two pods of a service, and one of none": {
      changes: [added(pod(1, "a")), added(pod(2, "a")), added(pod(1, "a", { service: undefined }))],
      a: { [gpu]: { "media/upscaler": 3, "media/p": 1 } },
    },
    "a pod that waits for a node": { changes: [added(waiting)] },
    "a pod that is bound later": {
      changes: [added(waiting), updated(waiting, pod(2, "b"))],
      b: { [gpu]: { "media/upscaler": 2 } },
    },
    "a pod that has finished but still exists": {
      changes: [added(pod(2, "a")), updated(pod(2, "a"), pod(2, "a", { phase: "Succeeded" }))],
    },
    "a pod that was deleted": { changes: [added(pod(2, "a")), deleted(pod(2, "a"))] },
    "one of two pods that was deleted": {
      changes: [added(pod(2, "a")), added(pod(1, "a")), deleted(pod(2, "a"))],
      a: { [gpu]: { "media/upscaler": 1 } },
    },
    "pods without devices": { changes: [added(undefined), added(pod(0, "a"))] },
  };
  for (const [title, { changes, a = {}, b = {} }] of Object.entries(cases)) {
    it(`counts ${title}`, () => {
      const ledger = new GpuLedger();
      for (const one of [node("b", 8), node("without", 0), node("a", 4)]) ledger.observeNode(added(one));
      for (const change of changes) ledger.observePod(change);
      assert.deepEqual(ledger.snapshot(), [
        { node: node("a", 4), held: a },
        { node: node("b", 8), held: b },
        { node: node("without", 0), held: {} },
      ]);
    });
  }

  it("follows nodes that lose their devices or are deleted", () => {
    const ledger = new GpuLedger();
    for (const name of ["a", "b", "c"]) ledger.observeNode(added(node(name, 4)));
    ledger.observeNode(updated(node("a", 4), node("a", 0)));
    ledger.observeNode(deleted(node("b", 4)));
    assert.deepEqual(ledger.snapshot(), [
      { node: node("a", 0), held: {} },
      { node: node("c", 4), held: {} },
    ]);
  });

  it("leaves a snapshot as it was, and takes no new one without a change", () => {
    const ledger = new GpuLedger();
    ledger.observeNode(added(node("a", 4)));
    const before = ledger.snapshot();
    assert.equal(ledger.snapshot(), before);
    ledger.observePod(added(pod(1, "a")));
    assert.deepEqual(before, [{ node: node("a", 4), held: {} }]);
    assert.deepEqual(ledger.snapshot(), [{ node: node("a", 4), held: { [gpu]: { "media/upscaler": 1 } } }]);
  });
});
