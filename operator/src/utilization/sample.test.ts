import assert from "node:assert/strict";
import { sampleReport } from "./report.sample.ts";
import { readReport } from "./sample.ts";

const [device] = sampleReport.gpus.devices;

function withDevices(...devices: object[]): string {
  return JSON.stringify({ ...sampleReport, gpus: { state: "available", reason: null, devices } });
}

describe("sample of a report", () => {
  it("keeps the numbers that the status uses", () => {
    assert.deepEqual(readReport(JSON.stringify(sampleReport)), {
      windowSeconds: 15,
      gpuPercent: 72,
      gpuMemoryPercent: 25,
      gpuTemperatureCelsius: 61,
      gpuPowerWatts: 140,
      gpus: [{ uuid: "GPU-0", isMig: false, isMeasured: true, memoryPercent: 25 }],
      cpuPercent: 40,
      rssBytes: 1.5e9,
      active: 4,
      queued: 2,
      queueLimit: 256,
      accepted: 600,
      rejected: 0,
      failed: 0,
      requestsPerSecond: 40,
      p50Ms: 9,
      p95Ms: 14,
      stagesMs: { queue: 1, decode: 2, inference: 4, encode: 2 },
      workersBusyPercent: 60,
      sessions: 3,
      live: null,
      lostGpu: null,
      exportsTargets: true,
    });
  });

  it("counts sessions of live video among the sessions, and bounds what it keeps of it", () => {
    const live = {
      sessions: 5,
      publishers: 2,
      viewers: 3,
      sessionLimit: 20,
      framesPerSecond: 58.5,
      droppedShare: 0.125,
      latencyMs: { p50: 20, p95: 35 },
    };
    const kept = { sessions: 5, publishers: 2, sessionLimit: 20, framesPerSecond: 58.5, droppedPercent: 12.5 };
    const read = (change: object) => {
      const sample = readReport(JSON.stringify({ ...sampleReport, live: { ...live, ...change } }));
      assert.ok("live" in sample, JSON.stringify(sample));
      return [sample.sessions, sample.live];
    };
    assert.deepEqual(read({}), [8, { ...kept, roundTripMs: null, p95Ms: 35 }]);
    assert.deepEqual(read({ roundTripMs: 1e30, framesPerSecond: 1e30 }), [
      8,
      { ...kept, framesPerSecond: 1_000_000, roundTripMs: 1_000_000, p95Ms: 35 },
    ]);
  });

  it("names the first GPU that cannot be read, in text of one line", () => {
    const lostOf = (unavailable: string, uuid: string | null = "GPU-1"): string | null => {
      const sample = readReport(withDevices(device ?? {}, { ...device, index: 1, uuid, unavailable }));
      assert.ok("lostGpu" in sample);
      return sample.lostGpu;
    };
    assert.equal(lostOf("GPU_IS_LOST: fell off the bus"), "GPU 1 (GPU-1): GPU_IS_LOST: fell off the bus");
    assert.equal(lostOf("GPU_IS_LOST", null), "GPU 1: GPU_IS_LOST");
    assert.equal(lostOf(`a\nb\u0007${"c".repeat(1_000)}`)?.length, 160);
    assert.match(lostOf("a\nb\u0007c") ?? "", /: a b c$/);
  });

  it("averages over the available GPUs, and leaves out unknown figures", () => {
    const text = withDevices(
      { ...device, utilizationPercent: 90 },
      { ...device, index: 1, utilizationPercent: 30 },
      { ...device, index: 2, unavailable: "fell off the bus", utilizationPercent: null },
      { ...device, index: 3, utilizationPercent: null },
    );
    const sample = readReport(text);
    assert.ok("gpuPercent" in sample);
    assert.equal(sample.gpuPercent, 60);
  });

  it("keeps which GPUs they are: MIG devices have no utilization, and one that cannot be read is left out", () => {
    const sample = readReport(
      withDevices(
        {
          ...device,
          uuid: "MIG-1",
          migIndex: 0,
          utilizationPercent: null,
          memoryUsedBytes: 3e9,
          memoryTotalBytes: 4e9,
        },
        { ...device, uuid: null, unavailable: "fell off the bus" },
        { ...device, uuid: "u".repeat(10_000), memoryTotalBytes: null },
      ),
    );
    assert.ok("gpus" in sample);
    assert.deepEqual(sample.gpus, [
      { uuid: "MIG-1", isMig: true, isMeasured: false, memoryPercent: 75 },
      { uuid: "u".repeat(80), isMig: false, isMeasured: true, memoryPercent: null },
    ]);
  });

  it("has no utilization, rather than zero, without GPUs", () => {
    const sample = readReport(withDevices());
    assert.ok("gpuPercent" in sample);
    assert.deepEqual([sample.gpuPercent, sample.gpuMemoryPercent, sample.gpuPowerWatts], [null, null, null]);
  });

  it("bounds absurd figures, so that no sum overflows", () => {
    const text = JSON.stringify({
      ...sampleReport,
      sessions: 1e300,
      workers: { ...sampleReport.workers, busyPercent: 1e9 },
    });
    const sample = readReport(text);
    assert.ok("sessions" in sample);
    assert.deepEqual([sample.sessions, sample.workersBusyPercent], [1_000_000, 100]);
  });

  it("accepts unknown members", () => {
    assert.ok("sessions" in readReport(JSON.stringify({ ...sampleReport, future: { a: 1 } })));
  });

  const invalid: readonly (readonly [title: string, body: string, problem: RegExp])[] = [
    ["no JSON", "<html>", /^sends invalid JSON$/],
    ["NaN", JSON.stringify(sampleReport).replace("72", "NaN"), /^sends invalid JSON$/],
    ["Infinity", JSON.stringify(sampleReport).replace(":72,", ":1e999,"), /utilizationPercent/],
    ["a negative share", JSON.stringify(sampleReport).replace(":72,", ":-1,"), /utilizationPercent/],
    ["text for a number", JSON.stringify(sampleReport).replace(":72,", ':"72",'), /utilizationPercent/],
    ["another version", JSON.stringify({ ...sampleReport, version: "v2" }), /\/version/],
    ["null", "null", /^sends an invalid report/],
    ["an empty body", "", /^sends invalid JSON$/],
  ];
  for (const [title, body, problem] of invalid) {
    it(`rejects ${title}`, () => {
      const answer = readReport(body);
      assert.ok("problem" in answer);
      assert.match(answer.problem, problem);
      assert.ok(answer.problem.length <= 120);
    });
  }
});
