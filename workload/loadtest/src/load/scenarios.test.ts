import assert from "node:assert/strict";
import { type LoadFlags, chooseLoad } from "./scenarios.ts";

const timeoutMs = 30_000;
const forever = Number.POSITIVE_INFINITY;
const closed = { ratePerSecond: null, timeoutMs };

describe("the load that flags ask for", () => {
  const cases: readonly { name: string; flags: Omit<LoadFlags, "timeoutMs">; chosen: ReturnType<typeof chooseLoad> }[] =
    [
      {
        name: "the default is the guide's baseline",
        flags: {},
        chosen: { scenario: "baseline", load: { requests: 100, concurrency: 10, durationMs: forever, ...closed } },
      },
      {
        name: "stress is the guide's",
        flags: { scenario: "stress" },
        chosen: { scenario: "stress", load: { requests: 1000, concurrency: 50, durationMs: forever, ...closed } },
      },
      {
        name: "endurance is the guide's, 30 minutes at most",
        flags: { scenario: "endurance" },
        chosen: {
          scenario: "endurance",
          load: { requests: 10_000, concurrency: 20, durationMs: 1_800_000, ...closed },
        },
      },
      {
        name: "a changed scenario is not called by its name any more",
        flags: { scenario: "stress", concurrency: 8 },
        chosen: { scenario: "custom", load: { requests: 1000, concurrency: 8, durationMs: forever, ...closed } },
      },
      {
        name: "flags without a scenario do not inherit the baseline's number",
        flags: { durationMs: 5000 },
        chosen: { scenario: "custom", load: { requests: forever, concurrency: 10, durationMs: 5000, ...closed } },
      },
      {
        name: "an open loop has connections to spare",
        flags: { ratePerSecond: 200, requests: 50 },
        chosen: {
          scenario: "custom",
          load: { requests: 50, concurrency: 256, durationMs: forever, ratePerSecond: 200, timeoutMs },
        },
      },
      {
        name: "custom has to end",
        flags: { scenario: "custom" },
        chosen: { wrong: "scenario custom requires --requests or --duration" },
      },
      {
        name: "a rate alone never ends",
        flags: { ratePerSecond: 5 },
        chosen: { wrong: "scenario custom requires --requests or --duration" },
      },
    ];
  for (const { name, flags, chosen } of cases) {
    it(name, () => assert.deepEqual(chooseLoad({ ...flags, timeoutMs }), chosen));
  }
});
