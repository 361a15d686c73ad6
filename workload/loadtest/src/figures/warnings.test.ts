import assert from "node:assert/strict";
import { load } from "../testing/results.ts";
import { type Doubts, warningsOf } from "./warnings.ts";

const trusted: Doubts = {
  counts: { accepted: 1000, rejected: 0, failed: 0, abandoned: 0 },
  client: { eventLoopUtilization: 0.5, sendLagMs: null, queued: 0 },
  load,
  endedBy: "requests",
  thresholds: [
    { metric: "p95", limit: 20 },
    { metric: "errors", limit: 0 },
    { metric: "rps", limit: 1 },
  ],
};

describe("warningsOf", () => {
  const cases: Readonly<Record<string, { doubts: Partial<Doubts>; warnings: readonly string[] }>> = {
    "no reason to doubt": { doubts: {}, warnings: [] },
    "a busy client": {
      doubts: { client: { ...trusted.client, eventLoopUtilization: 0.934 } },
      warnings: ["this client was busy 93 % of the time and may be the bottleneck; run more clients"],
    },
    "a client that sends late": {
      doubts: { client: { ...trusted.client, sendLagMs: { p99: 25, max: 80 } }, load: { ...load, ratePerSecond: 500 } },
      warnings: ["this client could not sustain 500/s: 1 % of its requests were sent over 25 ms late"],
    },
    "a client with normal timer precision": {
      doubts: { client: { ...trusted.client, sendLagMs: { p99: 2, max: 80 } } },
      warnings: [],
    },
    "a target that held every connection": {
      doubts: { client: { ...trusted.client, queued: 12 }, load: { ...load, concurrency: 256 } },
      warnings: [
        "12 requests waited for one of 256 connections; their latency includes the wait, but the target did not receive the full rate",
      ],
    },
    "the duration ends before the requests": {
      doubts: { endedBy: "duration", load: { ...load, requests: 10_000 } },
      warnings: ["the duration ended the run after 1000 of 10000 requests"],
    },
    "only a duration": { doubts: { endedBy: "duration", load: { ...load, requests: null } }, warnings: [] },
    "a percentile of too few responses": {
      doubts: { counts: { ...trusted.counts, accepted: 100 }, thresholds: [{ metric: "p99", limit: 20 }] },
      warnings: ["p99 of 100 responses depends on the slowest 1"],
    },
    "the guide's baseline has enough for its p95": {
      doubts: { counts: { ...trusted.counts, accepted: 100 } },
      warnings: [],
    },
    "nothing accepted": {
      doubts: { counts: { ...trusted.counts, accepted: 0 } },
      warnings: [],
    },
  };
  for (const [name, { doubts, warnings }] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(warningsOf({ ...trusted, ...doubts }), warnings));
  }
});
