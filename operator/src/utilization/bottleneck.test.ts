import assert from "node:assert/strict";
import { healthy } from "./aggregate.sample.ts";
import type { Aggregate } from "./aggregate.ts";
import { bottleneck, type Bottleneck, type BottleneckLimits } from "./bottleneck.ts";

const limits: BottleneckLimits = {
  gpuPercent: 80,
  latencyP95Ms: 20,
  memoryBytes: 8 * 1024 ** 3,
  fetchesUpstream: false,
  sharesGpus: false,
  isSkewed: false,
};
const slow = { latencyP95Ms: 45 };

describe("bottleneck", () => {
  const cases: {
    readonly [title: string]: readonly [
      is: Bottleneck,
      figures?: Partial<Aggregate>,
      limits?: Partial<BottleneckLimits>,
    ];
  } = {
    "every target is met": ["None"],
    "full GPU memory without an effect on requests": ["None", { fullestGpuPercent: 99 }],
    "GPUs above the band": ["Gpu", { gpuPercent: 93 }],
    "GPUs above the band, and slow": ["Gpu", { ...slow, gpuPercent: 93 }],
    "slow, GPUs within the band, their memory full": ["GpuMemory", { ...slow, fullestGpuPercent: 96 }],
    "slow, the memory of one of several GPUs full": [
      "GpuMemory",
      { ...slow, gpuMemoryPercent: 40, fullestGpuPercent: 97 },
    ],
    "the memory of a shared GPU full, before requests fail": [
      "GpuMemory",
      { fullestGpuPercent: 97 },
      { sharesGpus: true },
    ],
    "a neighbour keeps a shared GPU busy": ["None", { gpuPercent: 100, workersBusyPercent: 20 }, { sharesGpus: true }],
    "workers busy with inference on a shared GPU": [
      "Gpu",
      { gpuPercent: 100, workersBusyPercent: 85 },
      { sharesGpus: true },
    ],
    "workers busy with inference on a MIG device, without utilization": [
      "Gpu",
      { gpuPercent: null, workersBusyPercent: 97 },
      { sharesGpus: true },
    ],
    "workers busy with decode and encode on a MIG device": [
      "Cpu",
      { gpuPercent: null, workersBusyPercent: 97, stagesMs: { queue: 3, decode: 8, inference: 2, encode: 6 } },
      { sharesGpus: true },
    ],
    "one pod busy and another idle, while the averages are within every target": ["Skew", {}, { isSkewed: true }],
    "slow, a pod near its memory limit": ["Memory", { ...slow, rssBytes: 7.9 * 1024 ** 3 }],
    "no memory limit": ["None", { ...slow, rssBytes: 7.9 * 1024 ** 3 }, { memoryBytes: Infinity }],
    "a pod at its CPU limit": ["Cpu", { cpuPercent: 97, gpuPercent: 30 }],
    "workers busy with decode and encode": [
      "Cpu",
      { workersBusyPercent: 95, gpuPercent: 30, stagesMs: { queue: 3, decode: 8, inference: 2, encode: 6 } },
    ],
    "workers busy with inference, GPUs within the band": ["None", { workersBusyPercent: 95 }],
    "requests wait longer than their processing takes": [
      "Queue",
      { ...slow, stagesMs: { queue: 30, decode: 2, inference: 4, encode: 2 } },
    ],
    "queues half full": ["Queue", { queueFillPercent: 60 }],
    "time in no stage, images are fetched": ["Upstream", { ...slow, latencyP50Ms: 30 }, { fetchesUpstream: true }],
    "time in no stage, nothing is fetched": ["None", { ...slow, latencyP50Ms: 30 }],
    "requests refused, queues half full": ["Queue", { refusedPercent: 4, queueFillPercent: 80 }],
    "CPU mode, at the CPU limit": ["Cpu", { gpuPercent: null, gpuMemoryPercent: null, cpuPercent: 99 }],
  };
  for (const [title, [is, figures, more]] of Object.entries(cases)) {
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
