import assert from "node:assert/strict";
import type { Condition, GpuMediaServiceStatus } from "@gpumedia/api";
import { statusHeldMs } from "./progress-pace.ts";

const ready: Condition = {
  type: "Ready",
  status: "False",
  reason: "Progressing",
  message: "0 of 3 replicas are ready",
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
  conditions: [{ ...ready, message: "1 of 3 replicas are ready" }],
};

describe("how long a status is held back", () => {
  const statusWrittenAt = 10_000;

  it("is until two seconds after the last write, for a status that only counts further", () => {
    assert.equal(statusHeldMs({ statusWrittenAt }, status, further, 10_500), 1_500);
    assert.equal(statusHeldMs({ statusWrittenAt }, status, further, 12_000), 0);
  });

  const urgent: { readonly [title: string]: { after: GpuMediaServiceStatus } } = {
    "a condition that changes its status": { after: { ...further, conditions: [{ ...ready, status: "True" }] } },
    "another reason": { after: { ...further, conditions: [{ ...ready, reason: "CrashLoop" }] } },
    "an additional condition": { after: { ...status, conditions: [ready, { ...ready, type: "Stalled" }] } },
    "another generation": { after: { ...status, observedGeneration: 2 } },
    "an endpoint": { after: { ...status, endpoint: "http://a" } },
  };
  for (const [title, { after }] of Object.entries(urgent)) {
    it(`is 0 for ${title}`, () => assert.equal(statusHeldMs({ statusWrittenAt }, status, after, 10_000), 0));
  }

  it("is 0 for the first status", () => {
    assert.equal(statusHeldMs({ statusWrittenAt: undefined }, undefined, status, 10_000), 0);
  });
});
