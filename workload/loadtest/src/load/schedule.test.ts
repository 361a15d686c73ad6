import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type Arrivals, type Due, arrivalMs, takeDue, totalArrivals } from "./schedule.ts";

const arrivals: Arrivals = { ratePerSecond: 100, total: 1000, giveUpAfterMs: 500, next: 0 };

describe("takeDue", () => {
  const cases: Readonly<Record<string, { from: Partial<Arrivals>; elapsedMs: number; free: number; due: Due }>> = {
    "sends the first arrival at once": {
      from: {},
      elapsedMs: 0,
      free: 10,
      due: { send: [0], unsent: [], wakeAtMs: 10, arrivals: { ...arrivals, next: 1 } },
    },
    "sends nothing between arrivals": {
      from: { next: 1 },
      elapsedMs: 9.9,
      free: 10,
      due: { send: [], unsent: [], wakeAtMs: 10, arrivals: { ...arrivals, next: 1 } },
    },
    "called late, sends all that became due, each with its own time": {
      from: { next: 1 },
      elapsedMs: 35,
      free: 10,
      due: { send: [10, 20, 30], unsent: [], wakeAtMs: 40, arrivals: { ...arrivals, next: 4 } },
    },
    "sends at most one per free connection, then waits for one": {
      from: { next: 1 },
      elapsedMs: 35,
      free: 2,
      due: { send: [10, 20], unsent: [], wakeAtMs: null, arrivals: { ...arrivals, next: 3 } },
    },
    "sends nothing without a free connection": {
      from: { next: 1 },
      elapsedMs: 35,
      free: 0,
      due: { send: [], unsent: [], wakeAtMs: null, arrivals: { ...arrivals, next: 1 } },
    },
    "gives up an arrival that waited until its deadline": {
      from: { next: 1, giveUpAfterMs: 20 },
      elapsedMs: 35,
      free: 1,
      due: { send: [20], unsent: [10], wakeAtMs: null, arrivals: { ...arrivals, giveUpAfterMs: 20, next: 3 } },
    },
    "sets no wake-up after the last arrival": {
      from: { next: 3, total: 4 },
      elapsedMs: 30,
      free: 10,
      due: { send: [30], unsent: [], wakeAtMs: null, arrivals: { ...arrivals, total: 4, next: 4 } },
    },
  };
  for (const [name, { from, elapsedMs, free, due }] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(takeDue({ ...arrivals, ...from }, elapsedMs, free), due));
  }

  it("handles every arrival once and in order, never early, never beyond the connections", () => {
    const calls = fc.array(fc.record({ afterMs: fc.nat(300), free: fc.nat(20) }), { minLength: 1 });
    const start = fc.record({
      ratePerSecond: fc.integer({ min: 1, max: 2000 }),
      giveUpAfterMs: fc.integer({ min: 1, max: 1000 }),
    });
    fc.assert(
      fc.property(start, calls, ({ ratePerSecond, giveUpAfterMs }, steps) => {
        let state: Arrivals = { ratePerSecond, total: 500, giveUpAfterMs, next: 0 };
        let elapsedMs = 0;
        const handled: number[] = [];
        for (const { afterMs, free } of steps) {
          elapsedMs += afterMs;
          const due = takeDue(state, elapsedMs, free);
          assert.ok(due.send.length <= free);
          assert.ok(due.send.every((intendedMs) => intendedMs <= elapsedMs && elapsedMs - intendedMs < giveUpAfterMs));
          assert.ok(due.unsent.every((intendedMs) => elapsedMs - intendedMs >= giveUpAfterMs));
          assert.ok(due.wakeAtMs === null || due.wakeAtMs > elapsedMs);
          handled.push(...[...due.unsent, ...due.send].toSorted((a, b) => a - b));
          state = due.arrivals;
        }
        const expected = Array.from({ length: state.next }, (_, at) => arrivalMs(at, ratePerSecond));
        assert.deepEqual(handled, expected);
      }),
    );
  });
});

describe("totalArrivals", () => {
  const cases = [
    { rate: 100, requests: Number.POSITIVE_INFINITY, durationMs: 1000, total: 100 },
    { rate: 100, requests: 50, durationMs: 1000, total: 50 },
    { rate: 100, requests: 50, durationMs: Number.POSITIVE_INFINITY, total: 50 },
    { rate: 0.5, requests: Number.POSITIVE_INFINITY, durationMs: 1000, total: 1 },
    { rate: 3, requests: Number.POSITIVE_INFINITY, durationMs: 1000, total: 3 },
  ];
  for (const { rate, requests, durationMs, total } of cases) {
    it(`${rate}/s for ${durationMs} ms and ${requests} requests at most is ${total}`, () =>
      assert.equal(totalArrivals(rate, requests, durationMs), total));
  }
});
