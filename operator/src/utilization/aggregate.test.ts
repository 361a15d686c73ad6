import assert from "node:assert/strict";
import { aggregate } from "./aggregate.ts";
import { sampleReport } from "./report.sample.ts";
import { readReport, type Sample } from "./sample.ts";
import type { TimedSample } from "./window.ts";

const base = readReport(JSON.stringify(sampleReport)) as Sample;
const sample = (change: Partial<Sample> = {}, at = 0): TimedSample => ({ ...base, ...change, at });

describe("the aggregate of a service's pods", () => {
  it("is undefined without reports", () => {
    assert.equal(aggregate([]), undefined);
    assert.equal(aggregate([[], []]), undefined);
  });

  it("sums levels and rates over pods, and averages over time", () => {
    const result = aggregate([
      [
        sample({ requestsPerSecond: 10, queued: 0, gpuPercent: 40 }),
        sample({ requestsPerSecond: 30, queued: 4, gpuPercent: 60 }),
      ],
      [sample({ requestsPerSecond: 100, queued: 10, gpuPercent: 100 })],
      [],
    ]);
    assert.deepEqual(result, {
      pods: 2,
      gpuPercent: 200 / 3,
      gpuMemoryPercent: 25,
      fullestGpuPercent: 25,
      cpuPercent: 40,
      rssBytes: 1.5e9,
      requestsPerSecond: 120,
      latencyP50Ms: 9,
      latencyP95Ms: 14,
      queueDepth: 12,
      queueFillPercent: (100 * 12) / 512,
      activeSessions: 14,
      accepted: 1_800,
      refusedPercent: 0,
      workersBusyPercent: 60,
      live: null,
      stagesMs: { queue: 1, decode: 2, inference: 4, encode: 2 },
    });
  });

  it("sums live video over the pods that report it, and weights shares by publishers", () => {
    const live = (change: Partial<NonNullable<Sample["live"]>>) => ({
      live: {
        sessions: 4,
        publishers: 1,
        sessionLimit: 20,
        framesPerSecond: 30,
        droppedPercent: 0,
        roundTripMs: 40,
        p95Ms: 50,
        ...change,
      },
    });
    const result = aggregate([
      [sample(live({ sessions: 2 })), sample(live({ framesPerSecond: 50 }))],
      [sample(live({ sessions: 12, publishers: 2, droppedPercent: 30, roundTripMs: 100, p95Ms: 90 }))],
      [sample(live({ sessions: 0, publishers: 0, framesPerSecond: 0, roundTripMs: null, p95Ms: null }))],
      [sample()],
    ]);
    assert.deepEqual(result?.live, {
      sessions: 15,
      sessionLimit: 60,
      framesPerSecond: 70,
      droppedPercent: 15,
      p95Ms: 90,
      roundTripMs: (2 * 40 + 4 * 40 + 12 * 100) / 18,
    });
    const idle = aggregate([[sample(live({ sessions: 0, publishers: 0, roundTripMs: null, p95Ms: null }))]]);
    assert.deepEqual([idle?.live?.droppedPercent, idle?.live?.roundTripMs], [0, null]);
  });

  const percentiles: {
    readonly [title: string]: {
      pods: readonly (readonly [p95: number | null, accepted: number])[];
      is: number | null;
    };
  } = {
    "that of the slower of two pods, as the true one may be that high": {
      pods: [
        [100, 500],
        [10, 500],
      ],
      is: 100,
    },
    "not that of a pod with three of a thousand requests": {
      pods: [
        [900, 3],
        [10, 997],
      ],
      is: 10,
    },
    "null without a completed request": {
      pods: [
        [null, 0],
        [null, 0],
      ],
      is: null,
    },
    "that of the only pod with requests": {
      pods: [
        [12, 5],
        [null, 0],
      ],
      is: 12,
    },
  };
  for (const [title, { pods, is }] of Object.entries(percentiles)) {
    it(`has as p95 ${title}`, () => {
      const result = aggregate(pods.map(([p95Ms, accepted]) => [sample({ p95Ms, accepted })]));
      assert.equal(result?.latencyP95Ms, is);
    });
  }

  it("computes the refused share of all completed requests", () => {
    const result = aggregate([[sample({ accepted: 90, rejected: 8, failed: 2 })]]);
    assert.equal(result?.refusedPercent, 10);
  });

  it("has no GPU utilization when no pod reports it", () => {
    const result = aggregate([[sample({ gpuPercent: null, gpuMemoryPercent: null, gpus: [] })]]);
    assert.deepEqual([result?.gpuPercent, result?.gpuMemoryPercent, result?.fullestGpuPercent], [null, null, null]);
  });
});
