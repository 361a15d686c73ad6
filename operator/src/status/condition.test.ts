import assert from "node:assert/strict";
import { conditions, isFalse, isTrue } from "./condition.ts";

const now = "2026-01-02T00:00:00Z";
const before = "2026-01-01T00:00:00Z";

describe("a list of conditions", () => {
  const ready = { type: "Ready", status: "True", reason: "Serving", message: "2 of 2", observedGeneration: 1 } as const;

  it("keeps the transition time while the status is the same, and the given order", () => {
    const list = conditions(
      { Ready: isTrue("Serving", "3 of 3"), Stalled: undefined, Available: isFalse("NoReplicaServes", "none") },
      [{ ...ready, lastTransitionTime: before }],
      2,
      now,
    );
    assert.deepEqual(list, [
      { ...ready, message: "3 of 3", observedGeneration: 2, lastTransitionTime: before },
      {
        type: "Available",
        status: "False",
        reason: "NoReplicaServes",
        message: "none",
        observedGeneration: 2,
        lastTransitionTime: now,
      },
    ]);
  });

  it("updates the transition time when the status changes", () => {
    const [condition] = conditions({ Ready: isFalse("X", "") }, [{ ...ready, lastTransitionTime: before }], 1, now);
    assert.equal(condition?.lastTransitionTime, now);
  });

  const messages: readonly (readonly [title: string, message: string, shown: string])[] = [
    ["one line", "no\n  quota \n left\n", "no quota left"],
    ["at most 1024 characters", "x".repeat(1_024), "x".repeat(1_024)],
    ["more, cut", "x".repeat(1_025), `${"x".repeat(1_023)}…`],
  ];
  for (const [title, message, shown] of messages) {
    it(`has messages of ${title}`, () => {
      assert.equal(conditions({ Ready: isTrue("A", message) }, [], 1, now)[0]?.message, shown);
    });
  }
});
