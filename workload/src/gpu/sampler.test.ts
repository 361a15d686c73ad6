/** The sampler with the mock library, through koffi: layouts, missing calls, errors, MIG. */
import assert from "node:assert/strict";
import type { Context } from "mocha";
import type { Driver } from "../../gpu-mock/library.ts";
import type { MockGpu, MockState } from "../../gpu-mock/state.ts";
import { unknownFigures, type Gpu, type GpuFigures, type GpuSample } from "./gpu-sample.ts";
import { Nvml } from "./nvml-library.ts";
import { Sampler } from "./sampler.ts";
import { mockDriver, mockGpu } from "./testing/mock-driver.ts";

const GiB = 2 ** 30;
const MiB = 2 ** 20;
const uuid = (index: number) => `GPU-00000000-0000-0000-0000-00000000000${index}`;

const idle: GpuFigures = {
  utilizationPercent: 0,
  memoryUtilizationPercent: 0,
  encoderPercent: 0,
  decoderPercent: 0,
  memoryUsedBytes: 512 * MiB,
  memoryTotalBytes: 23 * GiB,
  temperatureCelsius: 38,
  powerWatts: 16.5,
  powerLimitWatts: 72,
  throttleReasons: [],
  processes: [],
};

const busy: MockGpu = mockGpu(0, {
  "utilization-percent": 71,
  "memory-utilization-percent": 40,
  "encoder-percent": 3,
  "decoder-percent": 5,
  "memory-used-bytes": 9 * GiB,
  "temperature-celsius": 81,
  "power-milliwatts": 70_250,
  "clocks-event-reasons": "0x24",
  "process.0": `4242 ${8 * GiB}`,
  "process.1": "4243 18446744073709551615",
});

const busyFigures: GpuFigures = {
  ...idle,
  utilizationPercent: 71,
  memoryUtilizationPercent: 40,
  encoderPercent: 3,
  decoderPercent: 5,
  memoryUsedBytes: 9 * GiB,
  temperatureCelsius: 81,
  powerWatts: 70.25,
  throttleReasons: ["SwPowerCap", "SwThermalSlowdown"],
  processes: [
    { pid: 4242, memoryUsedBytes: 8 * GiB },
    { pid: 4243, memoryUsedBytes: null },
  ],
};

function l4(index: number, figures: GpuFigures): Gpu {
  return { index, uuid: uuid(index), name: "NVIDIA L4", mig: null, state: "available", figures };
}

const lost: Gpu = {
  index: 0,
  uuid: uuid(0),
  name: "NVIDIA L4",
  mig: null,
  state: "unavailable",
  reason: "GPU_IS_LOST",
  message: "nvmlDeviceGetHandleByIndex_v2: GPU is lost (GPU_IS_LOST)",
};

function available(...gpus: Gpu[]): GpuSample {
  return { state: "available", driverVersion: "580.82.07", cudaVersion: "13.0", gpus };
}

function samplerOf(library: string, visible?: string): Sampler {
  const nvml = Nvml.open(library);
  assert.equal(nvml.kind, "value");
  return new Sampler(nvml.value, visible);
}

const slice = (uuid: string, gpuInstance: number) => ({
  uuid,
  name: "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
  "gpu-instance": gpuInstance,
  "compute-instance": 0,
  "memory-total-bytes": 5 * GiB,
  "memory-used-bytes": GiB,
  "process.0": `77 ${GiB}`,
});

describe("GPU sampler", () => {
  interface Case {
    readonly driver?: Driver;
    readonly state: MockState;
    /** NVIDIA_VISIBLE_DEVICES */
    readonly visible?: string;
    readonly sample: GpuSample;
  }
  const cases: Readonly<Record<string, Case>> = {
    "a busy GPU": { state: { gpus: [busy] }, sample: available(l4(0, busyFigures)) },
    "only the GPU assigned to the container": {
      state: { gpus: [busy, mockGpu(1)] },
      visible: uuid(1),
      sample: available(l4(1, idle)),
    },
    "figures that the device does not offer are null, not zero": {
      state: { gpus: [{ figures: { uuid: uuid(0), name: "NVIDIA L4" } }] },
      sample: available(l4(0, { ...unknownFigures, processes: [] })),
    },
    "a figure that needs a permission we do not have": {
      state: { gpus: [mockGpu(0, { "error.nvmlDeviceGetComputeRunningProcesses_v3": "NO_PERMISSION" })] },
      sample: available(l4(0, { ...idle, processes: null })),
    },
    "an older driver: reserved memory counts as used, throttling by its former call": {
      driver: "older",
      state: { gpus: [busy] },
      sample: available(l4(0, { ...busyFigures, memoryUsedBytes: 9 * GiB + 600 * MiB })),
    },
    "a GPU that has fallen off the bus, beside a healthy one": {
      state: { gpus: [mockGpu(0, { error: "GPU_IS_LOST" }), mockGpu(1)] },
      sample: available({ ...lost, uuid: null, name: null }, l4(1, idle)),
    },
    "MIG devices: their own memory and processes, the GPU's temperature and power, no utilization": {
      state: { gpus: [mockGpu(0, { "utilization-percent": 90 }, [slice("MIG-a", 7), slice("MIG-b", 8)])] },
      visible: "MIG-b",
      sample: available({
        index: 0,
        uuid: "MIG-b",
        name: "NVIDIA A100-SXM4-40GB MIG 1g.5gb",
        mig: { index: 1, gpuInstance: 8, computeInstance: 0 },
        state: "available",
        figures: {
          ...idle,
          utilizationPercent: null,
          memoryUtilizationPercent: null,
          encoderPercent: null,
          decoderPercent: null,
          memoryUsedBytes: GiB,
          memoryTotalBytes: 5 * GiB,
          processes: [{ pid: 77, memoryUsedBytes: GiB }],
        },
      }),
    },
    "no visible GPU": {
      state: { gpus: [busy] },
      visible: "none",
      sample: {
        state: "unavailable",
        reason: "NO_VISIBLE_GPU",
        message: "NVML shows no GPU that matches NVIDIA_VISIBLE_DEVICES=none",
      },
    },
    "a driver that does not match the library": {
      state: { system: { "error.nvmlInit_v2": "LIB_RM_VERSION_MISMATCH" }, gpus: [busy] },
      sample: {
        state: "unavailable",
        reason: "LIB_RM_VERSION_MISMATCH",
        message: "nvmlInit_v2: RM has detected an NVML/RM version mismatch. (LIB_RM_VERSION_MISMATCH)",
      },
    },
  };
  for (const [name, { driver, state, visible, sample }] of Object.entries(cases)) {
    it(name, function (this: Context) {
      using mock = mockDriver(this, driver);
      mock.show(state);
      assert.deepEqual(samplerOf(mock.library, visible).sample(), sample);
    });
  }

  it("identifies a GPU that is lost later, and reads it again once it is back", function (this: Context) {
    using mock = mockDriver(this);
    const sampler = samplerOf(mock.library);
    mock.show({ gpus: [busy] });
    assert.deepEqual(sampler.sample(), available(l4(0, busyFigures)));

    mock.show({ gpus: [{ figures: { ...busy.figures, error: "GPU_IS_LOST" } }] });
    assert.deepEqual(sampler.sample(), available(lost));

    mock.show({ gpus: [busy] });
    assert.deepEqual(sampler.sample(), available(l4(0, busyFigures)));
  });

  it("starts as soon as the driver is loaded", function (this: Context) {
    using mock = mockDriver(this);
    const sampler = samplerOf(mock.library);
    assert.deepEqual(sampler.sample(), {
      state: "unavailable",
      reason: "DRIVER_NOT_LOADED",
      message: "nvmlInit_v2: Driver Not Loaded (DRIVER_NOT_LOADED)",
    });
    mock.show({ gpus: [busy] });
    assert.deepEqual(sampler.sample(), available(l4(0, busyFigures)));
  });

  it("reads more processes than fit into the first buffer", function (this: Context) {
    using mock = mockDriver(this);
    const processes = Array.from({ length: 150 }, (_, index) => ({ pid: 1000 + index, memoryUsedBytes: MiB }));
    const lines = processes.map(({ pid }, index) => [`process.${index}`, `${pid} ${MiB}`]);
    mock.show({ gpus: [mockGpu(0, Object.fromEntries(lines))] });
    assert.deepEqual(samplerOf(mock.library).sample(), available(l4(0, { ...idle, processes })));
  });
});
