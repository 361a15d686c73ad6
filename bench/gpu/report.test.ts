import assert from "node:assert/strict";
import { differenceOf } from "./pixels.ts";
import { checks, gpuReport, type GpuResults } from "./report.ts";

const whole: GpuResults = {
  date: "2026-12-01T00:00:00.000Z",
  machine: "16 cores",
  accelerator: "cuda",
  device: { name: "NVIDIA X", uuid: "GPU-1", driver: "580.1", memoryMiB: 1000 },
  stopped: null,
  pixels: [{ model: "tiny", psnr: null, most: 0 }],
  loads: [
    { model: "tiny", connections: 8, perSecond: 900, failed: 0, p50: 5, p95: 19, p99: 30 },
    { model: "tiny", connections: 100, perSecond: 1200, failed: 0, p50: 50, p95: 80, p99: 90 },
  ],
  utilization: { ours: 71.2, nvidiaSmi: 70 },
  memoryMiB: { device: 900, host: 700 },
  lostGpu: { exitStatus: 3, message: "accelerator: no CUDA device" },
  seconds: 300,
};

describe("the report of a GPU", () => {
  it("is met by the guide's targets", () => {
    assert.deepEqual(
      checks(whole).filter(({ met }) => !met),
      [],
    );
    assert.match(gpuReport(whole), /^\| requests per second, best \| >= 1000 \| 1200 \(tiny, c=100\) \| yes \|$/m);
  });

  it("names each target that is missed", () => {
    const poor: GpuResults = {
      ...whole,
      pixels: [{ model: "tiny", psnr: 20, most: 90 }],
      loads: [{ model: "tiny", connections: 8, perSecond: 900, failed: 2, p50: 5, p95: 21, p99: 30 }],
      utilization: { ours: 75, nvidiaSmi: 70 },
      memoryMiB: { device: 5000, host: 700 },
      lostGpu: { exitStatus: 1, message: "" },
    };
    assert.deepEqual(
      checks(poor).map(({ met }) => met),
      Array.from({ length: 7 }, () => false),
    );
  });

  it("says where a run without a GPU stopped", () => {
    const none = { ...whole, device: null, stopped: "no GPU: x", pixels: [], loads: [], utilization: null };
    const text = gpuReport({ ...none, memoryMiB: null, lostGpu: null });
    assert.match(text, /no GPU; accelerator cuda; 300 s\nstopped: no GPU: x\n/);
    assert.doesNotMatch(text, /\|/);
  });
});

describe("the difference of two pictures", () => {
  it("is in decibels, and none if they are equal", () => {
    assert.deepEqual(differenceOf(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), { psnr: null, most: 0 });
    const { psnr, most } = differenceOf(Uint8Array.of(0, 255), Uint8Array.of(255, 0));
    assert.deepEqual([psnr, most], [0, 255]);
  });
});
