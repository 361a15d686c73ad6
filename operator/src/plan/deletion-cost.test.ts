import assert from "node:assert/strict";
import { costChanges, scaleInNear, type CountedPod, type ScaleInSigns } from "./deletion-cost.ts";

describe("a scale-in", () => {
  const autoscaled: ScaleInSigns = {
    replicas: 4,
    heldReplicas: undefined,
    minReplicas: 2,
    maxReplicas: 10,
    gpuTargetPercent: 70,
    gpuPercent: 70,
    stabilized: false,
  };
  const cases: { readonly [title: string]: { readonly signs: Partial<ScaleInSigns>; readonly near: boolean } } = {
    "the GPUs are at the target": { signs: {}, near: false },
    "the GPUs are within the autoscaler's tolerance": { signs: { gpuPercent: 64 }, near: false },
    "the GPUs idle": { signs: { gpuPercent: 30 }, near: true },
    "the GPUs are below the target, but need all replicas": { signs: { gpuPercent: 60 }, near: false },
    "the GPUs idle at minReplicas": { signs: { gpuPercent: 0, replicas: 2 }, near: false },
    "the GPU utilization is unknown": { signs: { gpuPercent: null }, near: false },
    "the autoscaler does not scale on GPU utilization": { signs: { gpuPercent: 0, gpuTargetPercent: 0 }, near: false },
    "the autoscaler waits for its stabilization window": { signs: { gpuPercent: null, stabilized: true }, near: true },
    "the autoscaler waits, at minReplicas": { signs: { stabilized: true, replicas: 2 }, near: false },
    "there are more replicas than maxReplicas": { signs: { replicas: 11, gpuPercent: 100 }, near: true },
    "the operator is about to set fewer": { signs: { heldReplicas: 3 }, near: true },
    "the operator holds the replicas": { signs: { heldReplicas: 4, gpuPercent: 0 }, near: false },
    "the operator is about to set more": { signs: { heldReplicas: 5, gpuPercent: 0, stabilized: true }, near: false },
  };
  for (const [title, { signs, near }] of Object.entries(cases)) {
    it(`is ${near ? "" : "not "}near when ${title}`, () =>
      assert.equal(scaleInNear({ ...autoscaled, ...signs }), near));
  }
});

describe("deletion costs", () => {
  const ours = (value: string) => ({ value, ours: true });
  const theirs = (value: string) => ({ value, ours: false });
  const cases: {
    readonly [title: string]: {
      readonly near: boolean;
      readonly pod: Pick<CountedPod, "sessions" | "deletionCost">;
      /** "none": no write; undefined: the cost is removed. */
      readonly cost: string | undefined;
    };
  } = {
    "no scale-in near, no cost": { near: false, pod: { sessions: 5, deletionCost: undefined }, cost: "none" },
    "one session": { near: true, pod: { sessions: 1, deletionCost: undefined }, cost: "1" },
    "three sessions": { near: true, pod: { sessions: 3, deletionCost: ours("1") }, cost: "none" },
    "four sessions": { near: true, pod: { sessions: 4, deletionCost: ours("1") }, cost: "2" },
    "a hundred sessions": { near: true, pod: { sessions: 100, deletionCost: undefined }, cost: "4" },
    "an idle pod": { near: true, pod: { sessions: 0, deletionCost: undefined }, cost: "none" },
    "the last session was closed": { near: true, pod: { sessions: 0, deletionCost: ours("1") }, cost: undefined },
    "the pod does not report": { near: true, pod: { sessions: undefined, deletionCost: ours("1") }, cost: "none" },
    "the scale-in is over": { near: false, pod: { sessions: 5, deletionCost: ours("2") }, cost: undefined },
    "the scale-in is over, and the pod does not report": {
      near: false,
      pod: { sessions: undefined, deletionCost: ours("2") },
      cost: undefined,
    },
    "a cost that another field manager has set": {
      near: true,
      pod: { sessions: 5, deletionCost: theirs("-10") },
      cost: "none",
    },
    "a cost that another field manager has set, after the scale-in": {
      near: false,
      pod: { sessions: 5, deletionCost: theirs("2") },
      cost: "none",
    },
  };
  for (const [title, { near, pod, cost }] of Object.entries(cases)) {
    it(title, () => {
      const identity = { name: "a-1", uid: "u" };
      const expected = cost === "none" ? [] : [{ ...identity, cost }];
      assert.deepEqual(costChanges(near, [{ ...identity, ...pod }]), expected);
    });
  }
});
