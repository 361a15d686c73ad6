import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Context } from "mocha";
import { type GpuMonitor, openGpuMonitor } from "./monitor.ts";
import { mockDriver, mockGpu } from "./testing/mock-driver.ts";

/** For tests in which no call hangs: on a busy machine the first one waits for the thread's start. */
const patient = { visibleDevices: undefined, timeoutMs: 100_000 };

const hungProgram = fileURLToPath(new URL("testing/hung-program.ts", import.meta.url));

async function utilization(monitor: GpuMonitor): Promise<unknown> {
  const sample = await monitor.sample();
  if (sample.state === "unavailable") return sample.reason;
  return sample.gpus.map((gpu) => (gpu.state === "available" ? gpu.figures.utilizationPercent : gpu.reason));
}

/** Reads until the value is the expected one, at most until mocha's timeout. */
async function until(expected: unknown, read: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const value = await read();
    if (JSON.stringify(value) === JSON.stringify(expected)) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("GPU monitor", () => {
  it("reads the current figures", async function (this: Context) {
    using mock = mockDriver(this);
    mock.show({ gpus: [mockGpu(0, { "utilization-percent": 12 })] });
    const monitor = openGpuMonitor({ library: mock.library, ...patient });
    assert.deepEqual(await utilization(monitor), [12]);
    mock.show({ gpus: [mockGpu(0, { "utilization-percent": 99 })] });
    assert.deepEqual(await utilization(monitor), [99]);
    await monitor.close();
  });

  it("reads once for all concurrent callers", async function (this: Context) {
    using mock = mockDriver(this);
    mock.show({ gpus: [mockGpu(0)] });
    const monitor = openGpuMonitor({ library: mock.library, ...patient });
    const [first, ...others] = await Promise.all([monitor.sample(), monitor.sample(), monitor.sample()]);
    for (const other of others) assert.equal(other, first);
    await monitor.close();
  });

  it("reports a missing library, not zeros, on a machine without a GPU", async () => {
    const monitor = openGpuMonitor({ library: "libnvidia-ml-that-is-not-there.so.1", ...patient });
    const expected = {
      state: "unavailable",
      reason: "LIBRARY_NOT_FOUND",
      message:
        "libnvidia-ml-that-is-not-there.so.1: Failed to load shared library: cannot open shared object file: " +
        "No such file or directory (LIBRARY_NOT_FOUND)",
    };
    assert.deepEqual(await monitor.sample(), expected);
    assert.deepEqual(await monitor.sample(), expected);
    await monitor.close();
  });

  it("names the call that hangs, does not block the process, and recovers when the call returns", async function (this: Context) {
    using mock = mockDriver(this);
    mock.show({ system: { "delay-ms.nvmlDeviceGetPowerUsage": 600_000 }, gpus: [mockGpu(0)] });
    const monitor = openGpuMonitor({ library: mock.library, visibleDevices: undefined, timeoutMs: 300 });
    const expected = {
      state: "unavailable",
      reason: "NOT_ANSWERING",
      message: "nvmlDeviceGetPowerUsage has not returned within 300 ms",
    };
    await until(expected, () => monitor.sample());
    mock.show({ gpus: [mockGpu(0, { "utilization-percent": 7 })] });
    await until([7], () => utilization(monitor));
    await monitor.close();
  });

  it("lets the process exit with its own status while a call hangs", async function (this: Context) {
    using mock = mockDriver(this);
    mock.show({ system: { "delay-ms.nvmlDeviceGetPowerUsage": 600_000 }, gpus: [mockGpu(0)] });
    const ended = await new Promise<{ status: unknown; stdout: string }>((resolve) => {
      execFile(process.execPath, [hungProgram, mock.library], (error, stdout) => {
        resolve({ status: error?.code ?? 0, stdout });
      });
    });
    assert.deepEqual(ended, {
      status: 3,
      stdout: JSON.stringify({
        state: "unavailable",
        reason: "NOT_ANSWERING",
        message: "nvmlDeviceGetPowerUsage has not returned within 500 ms",
      }),
    });
  });

  it("reports that it is closed", async function (this: Context) {
    using mock = mockDriver(this);
    mock.show({ gpus: [mockGpu(0)] });
    const monitor = openGpuMonitor({ library: mock.library, ...patient });
    await monitor.close();
    assert.deepEqual(await monitor.sample(), {
      state: "unavailable",
      reason: "MONITOR_FAILED",
      message: "the GPU monitor is closed",
    });
  });
});
