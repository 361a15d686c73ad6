import assert from "node:assert/strict";
import { mock } from "node:test";
import { type Course, type Load, drive } from "./drive.ts";
import type { Sample } from "../target/sample.ts";

const load: Load = {
  concurrency: 2,
  requests: 5,
  durationMs: Number.POSITIVE_INFINITY,
  ratePerSecond: null,
  timeoutMs: 10_000,
};

/** A server in virtual time: request n takes `takesMs(n)`; the trace records what the loop did and when. */
function rehearsal(takesMs: (nth: number) => number) {
  const stop = new AbortController();
  let elapsed = 0;
  let nth = 0;
  const trace: string[] = [];
  const samples: Sample[] = [];
  const course: Course = {
    elapsedMs: () => elapsed,
    stop: stop.signal,
    record: (sample) => samples.push(sample),
    sentWithLag: (lagMs) => trace.push(`lag ${lagMs}`),
    queued: () => trace.push("queued"),
    async send(intendedMs, sentMs) {
      trace.push(`send ${intendedMs} at ${sentMs}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, takesMs(nth++));
      await promise;
      return { intendedMs, sentMs, endMs: elapsed, outcome: { kind: "rejected" } };
    },
  };
  /** Lets virtual time pass, one millisecond after the other. */
  const pass = async (ms: number) => {
    for (let step = 0; step < ms; step++) {
      elapsed++;
      mock.timers.tick(1);
      await settle();
    }
  };
  /** Drives the load to its end, which must be within `ms`. */
  const run = async (changes: Partial<Load>, ms: number) => {
    const done = drive({ ...load, ...changes }, course);
    await pass(ms);
    await done;
  };
  return { course, trace, samples, stop, pass, run };
}

/** Promise callbacks run before this resolves, several deep. */
async function settle(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setImmediate(resolve);
  await promise;
}

describe("drive", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  it("closed loop: each client sends its next request after the response", async () => {
    const { trace, samples, run } = rehearsal((nth) => (nth === 0 ? 30 : 10));
    await run({}, 40);
    assert.deepEqual(trace, ["send 0 at 0", "send 0 at 0", "send 10 at 10", "send 20 at 20", "send 30 at 30"]);
    assert.equal(samples.length, 5);
  });

  it("closed loop: sends nothing after the duration, and waits for requests in flight", async () => {
    const { trace, samples, run } = rehearsal(() => 10);
    await run({ concurrency: 1, requests: Number.POSITIVE_INFINITY, durationMs: 25 }, 30);
    assert.deepEqual(trace, ["send 0 at 0", "send 10 at 10", "send 20 at 20"]);
    assert.deepEqual(
      samples.map(({ endMs }) => endMs),
      [10, 20, 30],
    );
  });

  it("closed loop: sends nothing after a stop", async () => {
    const { course, trace, stop, pass } = rehearsal(() => 10);
    const done = drive({ ...load, concurrency: 1 }, course);
    await pass(5);
    stop.abort();
    await pass(5);
    await done;
    assert.deepEqual(trace, ["send 0 at 0"]);
  });

  it("open loop: sends on time, however slow the responses", async () => {
    const { trace, run } = rehearsal(() => 35);
    await run({ ratePerSecond: 100, concurrency: 10, requests: 4 }, 70);
    const onTime = [0, 10, 20, 30].flatMap((ms) => ["lag 0", `send ${ms} at ${ms}`]);
    assert.deepEqual(trace, onTime);
  });

  it("open loop: includes a stall of the server in the latency of every request that was due", async () => {
    const { trace, samples, run } = rehearsal((nth) => (nth === 0 ? 45 : 1));
    await run({ ratePerSecond: 100, concurrency: 1, requests: 4 }, 60);
    assert.deepEqual(trace, [
      "lag 0",
      "send 0 at 0",
      "queued",
      "send 10 at 45",
      "queued",
      "send 20 at 46",
      "queued",
      "send 30 at 47",
    ]);
    assert.deepEqual(
      samples.map(({ intendedMs, endMs }) => endMs - intendedMs),
      [45, 36, 27, 18],
    );
  });

  it("open loop: gives up requests that wait until their deadline, and ends", async () => {
    const { samples, run } = rehearsal((nth) => (nth === 0 ? 100 : 1));
    await run({ ratePerSecond: 100, concurrency: 1, requests: 4, timeoutMs: 75 }, 110);
    const failure = { kind: "unsent", message: "no connection was free before its timeout" };
    assert.deepEqual(samples, [
      { intendedMs: 0, sentMs: 0, endMs: 100, outcome: { kind: "rejected" } },
      { intendedMs: 10, sentMs: null, endMs: 100, outcome: { kind: "failed", failure } },
      { intendedMs: 20, sentMs: null, endMs: 100, outcome: { kind: "failed", failure } },
      { intendedMs: 30, sentMs: 100, endMs: 101, outcome: { kind: "rejected" } },
    ]);
  });

  it("open loop: sends nothing after a stop, and waits for requests in flight", async () => {
    const { course, trace, samples, stop, pass } = rehearsal(() => 30);
    const done = drive({ ...load, ratePerSecond: 100, concurrency: 10, requests: 1000 }, course);
    await pass(15);
    stop.abort();
    await pass(30);
    await done;
    assert.deepEqual(trace, ["lag 0", "send 0 at 0", "lag 0", "send 10 at 10"]);
    assert.equal(samples.length, 2);
  });

  it("open loop: ends at once when stopped with nothing in flight", async () => {
    const { course, stop, pass } = rehearsal(() => 1);
    const done = drive({ ...load, ratePerSecond: 1, concurrency: 10, requests: 1000 }, course);
    await pass(5);
    stop.abort();
    await done;
  });
});
