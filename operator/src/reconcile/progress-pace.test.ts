import assert from "node:assert/strict";
import type { Condition, GpuMediaServiceStatus } from "@gpumedia/api";
import { FakeClock } from "../runtime/clock.fake.ts";
import { ProgressPace } from "./progress-pace.ts";

const ready: Condition = {
  type: "Ready",
  status: "False",
  reason: "Progressing",
  message: "0 of 3 replicas serve",
  lastTransitionTime: "2026-01-01T00:00:00Z",
  observedGeneration: 1,
};
const status: GpuMediaServiceStatus = {
  observedGeneration: 1,
  replicas: { desired: 3, ready: 0, updated: 3 },
  summary: { replicas: "0/3" },
  utilization: { pods: 0, band: "Unknown" },
  conditions: [ready],
};
const further: GpuMediaServiceStatus = {
  ...status,
  replicas: { desired: 3, ready: 1, updated: 3 },
  summary: { replicas: "1/3" },
  utilization: { pods: 1, band: "Unknown" },
  conditions: [{ ...ready, message: "1 of 3 replicas serve" }],
};

describe("the pace of progress", () => {
  let clock: FakeClock;
  let pace: ProgressPace;

  beforeEach(() => {
    clock = new FakeClock();
    pace = new ProgressPace(clock);
  });

  it("holds a count until two seconds after the last write, and lets it through then", async () => {
    pace.wrote("a");
    await clock.advance(500);
    assert.equal(pace.heldMs("a", status, further), 1_500);
    await clock.advance(1_500);
    assert.equal(pace.heldMs("a", status, further), 0);
  });

  const urgent: readonly { title: string; after: GpuMediaServiceStatus }[] = [
    { title: "a condition that flips", after: { ...further, conditions: [{ ...ready, status: "True" }] } },
    { title: "another reason", after: { ...further, conditions: [{ ...ready, reason: "CrashLoop" }] } },
    { title: "a condition more", after: { ...status, conditions: [ready, { ...ready, type: "Stalled" }] } },
    { title: "another generation", after: { ...status, observedGeneration: 2 } },
    { title: "an endpoint", after: { ...status, endpoint: "http://a" } },
  ];
  for (const { title, after } of urgent) {
    it(`does not hold ${title}`, () => {
      pace.wrote("a");
      assert.equal(pace.heldMs("a", status, after), 0);
    });
  }

  it("does not hold the first status, nor those of others", () => {
    assert.equal(pace.heldMs("a", undefined, status), 0);
    pace.wrote("b");
    assert.equal(pace.heldMs("a", status, further), 0);
  });
});
