import assert from "node:assert/strict";
import type { FailureKind } from "../target/failure.ts";
import type { Outcome, Sample } from "../target/sample.ts";
import { Tally } from "./tally.ts";

function sample(outcome: Outcome, times: Partial<Sample> = {}): Sample {
  return { intendedMs: 0, sentMs: 30, endMs: 50, ...times, outcome };
}

function failure(kind: FailureKind, message: string): Outcome {
  return { kind: "failed", failure: { kind, message } };
}

function tallyOf(samples: readonly Sample[]): Tally {
  const tally = new Tally();
  for (const one of samples) tally.record(one);
  return tally;
}

function near(got: number | undefined, want: number): void {
  assert.ok(got !== undefined && Math.abs(got - want) <= want / 1000, `${got} for ${want}`);
}

describe("Tally", () => {
  const accepted: Outcome = { kind: "accepted", bytes: 10, stages: [{ stage: "decode", ms: 3 }] };

  it("measures latency from the intended send time and service time from the actual one", () => {
    const tally = tallyOf([sample(accepted)]);
    near(tally.latency.figures()?.max, 50);
    near(tally.serviceTime.figures()?.max, 20);
  });

  it("counts by kind, sums the bytes and keeps the end of the last request", () => {
    const tally = tallyOf([
      sample(accepted),
      sample(accepted, { endMs: 70 }),
      sample({ kind: "rejected" }, { endMs: 60 }),
      sample(failure("reset", "gone")),
      sample({ kind: "abandoned" }),
    ]);
    assert.deepEqual(tally.counts, { accepted: 2, rejected: 1, failed: 1, abandoned: 1 });
    assert.deepEqual([tally.bytesReceived, tally.lastEndMs], [20, 70]);
  });

  it("keeps rejections, failures and abandoned requests out of the latency", () => {
    const tally = tallyOf([sample({ kind: "rejected" }), sample(failure("reset", "")), sample({ kind: "abandoned" })]);
    assert.deepEqual([tally.latency.count, tally.serviceTime.count, tally.rejectionLatency.count], [0, 0, 1]);
    near(tally.rejectionLatency.figures()?.max, 50);
  });

  it("sorts failures by frequency, each with its first message", () => {
    const tally = tallyOf([
      sample(failure("reset", "other side closed")),
      sample(failure("timeout", "first")),
      sample(failure("timeout", "second")),
      sample(failure("unsent", "x".repeat(500)), { sentMs: null }),
    ]);
    assert.deepEqual(tally.failures(), [
      { kind: "timeout", count: 2, example: "first" },
      { kind: "reset", count: 1, example: "other side closed" },
      { kind: "unsent", count: 1, example: "x".repeat(160) },
    ]);
  });

  it("has a histogram per stage, at most 16: a server cannot exhaust the memory with names", () => {
    const tally = tallyOf(
      Array.from({ length: 40 }, (_, at) =>
        sample({ kind: "accepted", bytes: 1, stages: [{ stage: `s${at}`, ms: at }] }),
      ),
    );
    assert.deepEqual(
      [...tally.stages.keys()],
      Array.from({ length: 16 }, (_, at) => `s${at}`),
    );
    near(tally.stages.get("s9")?.max, 9);
  });

  it("adds the requests to the timeline", () => {
    const tally = tallyOf([
      sample(accepted),
      sample({ kind: "rejected" }),
      sample(failure("reset", "")),
      sample({ kind: "abandoned" }),
    ]);
    assert.deepEqual(tally.timeline.rows(), [{ second: 0, accepted: 1, rejected: 1, failed: 1, p50Ms: 50, p95Ms: 50 }]);
  });
});
