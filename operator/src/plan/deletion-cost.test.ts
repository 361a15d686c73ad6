import assert from "node:assert/strict";
import { costChanges, scaleInNear, type CountedPod, type ScaleInSigns } from "./deletion-cost.ts";

describe("a scale-in", () => {
  const autoscaled: ScaleInSigns = {
    replicas: 4,
    heldReplicas: undefined,
    minReplicas: 2,
    maxReplicas: 10,
    loads: [70 / 70],
    stabilized: false,
  };
  const cases: { readonly [title: string]: readonly [signs: Partial<ScaleInSigns>, near: boolean] } = {
    "the GPUs are at the target": [{}, false],
    "the GPUs are within the autoscaler's tolerance": [{ loads: [64 / 70] }, false],
    "the GPUs idle": [{ loads: [30 / 70] }, true],
    "the GPUs are below the target, but need all replicas": [{ loads: [60 / 70] }, false],
    "the GPUs idle at minReplicas": [{ loads: [0], replicas: 2 }, false],
    "no load that it scales on is known": [{ loads: [] }, false],
    "the GPUs idle, and sessions of live video are at the target": [{ loads: [0.3, 1] }, false],
    "neither GPUs nor sessions need all replicas": [{ loads: [0.3, 0.5] }, true],
    "the autoscaler waits for its stabilization window": [{ loads: [], stabilized: true }, true],
    "the autoscaler waits, at minReplicas": [{ stabilized: true, replicas: 2 }, false],
    "there are more replicas than maxReplicas": [{ replicas: 11, loads: [2] }, true],
    "the operator is about to set fewer": [{ heldReplicas: 3 }, true],
    "the operator holds the replicas": [{ heldReplicas: 4, loads: [0] }, false],
    "the operator is about to set more": [{ heldReplicas: 5, loads: [0], stabilized: true }, false],
  };
  for (const [title, [signs, near]] of Object.entries(cases)) {
    it(`is ${near ? "" : "not "}near when ${title}`, () =>
      assert.equal(scaleInNear({ ...autoscaled, ...signs }), near));
  }
});

describe("deletion costs", () => {
  const ours = (value: string) => ({ value, ours: true });
  const theirs = (value: string) => ({ value, ours: false });
  const cases: {
    readonly [title: string]: readonly [
      near: boolean,
      pod: Pick<CountedPod, "sessions" | "deletionCost">,
      /** "none": no write; undefined: the cost is removed. */
      cost: string | undefined,
    ];
  } = {
    "no scale-in near, no cost": [false, { sessions: 5, deletionCost: undefined }, "none"],
    "one session": [true, { sessions: 1, deletionCost: undefined }, "1"],
    "three sessions": [true, { sessions: 3, deletionCost: ours("1") }, "none"],
    "four sessions": [true, { sessions: 4, deletionCost: ours("1") }, "2"],
    "a hundred sessions": [true, { sessions: 100, deletionCost: undefined }, "4"],
    "an idle pod": [true, { sessions: 0, deletionCost: undefined }, "none"],
    "the last session was closed": [true, { sessions: 0, deletionCost: ours("1") }, undefined],
    "the pod does not report": [true, { sessions: undefined, deletionCost: ours("1") }, "none"],
    "the scale-in is over": [false, { sessions: 5, deletionCost: ours("2") }, undefined],
    "the scale-in is over, and the pod does not report": [
      false,
      { sessions: undefined, deletionCost: ours("2") },
      undefined,
    ],
    "a cost that another field manager has set": [true, { sessions: 5, deletionCost: theirs("-10") }, "none"],
    "a cost that another field manager has set, after the scale-in": [
      false,
      { sessions: 5, deletionCost: theirs("2") },
      "none",
    ],
  };
  for (const [title, [near, pod, cost]] of Object.entries(cases)) {
    it(title, () => {
      const identity = { name: "a-1", uid: "u" };
      const expected = cost === "none" ? [] : [{ ...identity, cost }];
      assert.deepEqual(costChanges(near, [{ ...identity, ...pod }]), expected);
    });
  }
});
