import assert from "node:assert/strict";
import { healthy } from "./aggregate.sample.ts";
import type { Aggregate } from "./aggregate.ts";
import { bottleneck, type Bottleneck, type BottleneckLimits } from "./bottleneck.ts";

const limits: BottleneckLimits = {
  gpuPercent: 80,
  latencyP95Ms: 20,
  memoryBytes: 8 * 1024 ** 3,
  fetchesUpstream: false,
};
const slow = { latencyP95Ms: 45 };

describe("bottleneck", () => {
  const cases: {
    readonly [title: string]: {
      readonly figures?: Partial<Aggregate>;
      readonly limits?: Partial<BottleneckLimits>;
      readonly is: Bottleneck;
    };
  } = {
    "every target is met": { is: "None" },
    "full GPU memory without an effect on requests": { figures: { gpuMemoryPercent: 99 }, is: "None" },
    "GPUs above the band": { figures: { gpuPercent: 93 }, is: "Gpu" },
    "GPUs above the band, and slow": { figures: { ...slow, gpuPercent: 93 }, is: "Gpu" },
    "slow, GPUs within the band, their memory full": { figures: { ...slow, gpuMemoryPercent: 96 }, is: "GpuMemory" },
    "slow, a pod near its memory limit": { figures: { ...slow, rssBytes: 7.9 * 1024 ** 3 }, is: "Memory" },
    "no memory limit": {
      figures: { ...slow, rssBytes: 7.9 * 1024 ** 3 },
      limits: { memoryBytes: Infinity },
      is: "None",
    },
    "a pod at its CPU limit": { figures: { cpuPercent: 97, gpuPercent: 30 }, is: "Cpu" },
    "workers busy with decode and encode": {
      figures: { workersBusyPercent: 95, gpuPercent: 30, stagesMs: { queue: 3, decode: 8, inference: 2, encode: 6 } },
      is: "Cpu",
    },
    "workers busy with inference, GPUs within the band": { figures: { workersBusyPercent: 95 }, is: "None" },
    "requests wait longer than their processing takes": {
      figures: { ...slow, stagesMs: { queue: 30, decode: 2, inference: 4, encode: 2 } },
      is: "Queue",
    },
    "queues half full": { figures: { queueFillPercent: 60 }, is: "Queue" },
    "time in no stage, images are fetched": {
      figures: { ...slow, latencyP50Ms: 30 },
      limits: { fetchesUpstream: true },
      is: "Upstream",
    },
    "time in no stage, nothing is fetched": { figures: { ...slow, latencyP50Ms: 30 }, is: "None" },
    "requests refused, queues half full": { figures: { refusedPercent: 4, queueFillPercent: 80 }, is: "Queue" },
    "CPU mode, at the CPU limit": { figures: { gpuPercent: null, gpuMemoryPercent: null, cpuPercent: 99 }, is: "Cpu" },
  };
  for (const [title, { figures, limits: more, is }] of Object.entries(cases)) {
    it(`${title}: ${is}`, () => {
      const now = { ...healthy, ...figures };
      assert.equal(bottleneck({ figures: now, latest: now }, { ...limits, ...more }), is);
    });
  }

  it("bug: was Queue in the first minute of load, while the latest reports showed saturated GPUs", () => {
    const figures = {
      ...healthy,
      ...slow,
      gpuPercent: 59,
      stagesMs: { queue: 30, decode: 2, inference: 4, encode: 2 },
    };
    assert.equal(bottleneck({ figures, latest: { ...figures, gpuPercent: 98 } }, limits), "Gpu");
    assert.equal(bottleneck({ figures, latest: { ...figures, cpuPercent: 99 } }, limits), "Cpu");
    assert.equal(bottleneck({ figures, latest: figures }, limits), "Queue");
  });

  it("no report: Unknown", () => {
    assert.equal(bottleneck({ figures: undefined, latest: undefined }, limits), "Unknown");
  });
});
