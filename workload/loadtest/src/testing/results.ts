/** Results for tests; their figures come from a real tally. */
import { Tally } from "../figures/tally.ts";
import type { Outcome } from "../target/sample.ts";
import type { LoadDescription, Result, Unreachable } from "../result/result.ts";
import { type RunFacts, summarise } from "../result/summarise.ts";

export const load: LoadDescription = {
  concurrency: 10,
  requests: 100,
  durationSeconds: null,
  ratePerSecond: null,
  warmupRequests: 50,
  timeoutSeconds: 30,
  picturesDigest: "ab".repeat(32),
};

export const facts: RunFacts = {
  scenario: "baseline",
  target: "http://upscaler.media/v1/process",
  load,
  pictures: [{ name: "built-in", format: "jpeg", width: 640, height: 480, bytes: 58_322 }],
  startedAt: "2026-01-02T03:04:05.678Z",
  endedBy: "requests",
  client: { eventLoopUtilization: 0.25, sendLagMs: null, queued: 0 },
  thresholds: [
    { metric: "p95", limit: 20 },
    { metric: "errors", limit: 0 },
  ],
  against: null,
};

export const accepted: Outcome = {
  kind: "accepted",
  bytes: 1000,
  stages: [
    { stage: "queue", ms: 1 },
    { stage: "inference", ms: 8 },
  ],
};
export const rejected: Outcome = { kind: "rejected" };
export const timedOut: Outcome = { kind: "failed", failure: { kind: "timeout", message: "no complete response" } };

/** One request every 40 ms; each takes 10 ms, and every tenth 15 ms. */
export function steadyTally(count: number, outcomeOf: (nth: number) => Outcome = () => accepted): Tally {
  const tally = new Tally();
  for (let nth = 0; nth < count; nth++) {
    const sentMs = nth * 40;
    tally.record({ intendedMs: sentMs, sentMs, endMs: sentMs + (nth % 10 === 9 ? 15 : 10), outcome: outcomeOf(nth) });
  }
  return tally;
}

export function passed(changes: Partial<RunFacts> = {}): Result {
  return summarise(steadyTally(100), { ...facts, ...changes });
}

/** 80 accepted, 10 rejected, 10 failed, an open loop that queued, and worse than before. */
export function failed(changes: Partial<RunFacts> = {}): Result {
  const tally = steadyTally(100, (nth) => (nth % 10 === 3 ? rejected : nth % 10 === 6 ? timedOut : accepted));
  return summarise(tally, {
    ...facts,
    scenario: "custom",
    load: { ...load, ratePerSecond: 25, concurrency: 256 },
    client: { eventLoopUtilization: 0.95, sendLagMs: { p99: 12, max: 30 }, queued: 7 },
    thresholds: [
      { metric: "p95", limit: 12 },
      { metric: "rps", limit: 10 },
      { metric: "errors", limit: 1 },
    ],
    against: { name: "before.json", tolerancePercent: 10, figures: passed().figures },
    ...changes,
  });
}

export const unreachable: Unreachable = {
  schema: "gpumedia.io/loadtest/v1",
  verdict: "Unreachable",
  reasons: ["cannot reach upscaler.media: getaddrinfo ENOTFOUND upscaler.media"],
  scenario: "baseline",
  target: facts.target,
  load,
  startedAt: facts.startedAt,
};
