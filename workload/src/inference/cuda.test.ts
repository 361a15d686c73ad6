import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { GpuSample } from "../gpu/gpu-sample.ts";
import { whyNoCuda } from "./cuda.ts";

const present = fileURLToPath(import.meta.url);
const monitor = (sample: GpuSample) => ({ sample: async () => sample, close: async () => {} });
const lost = {
  index: 0,
  uuid: null,
  name: null,
  mig: null,
  state: "unavailable",
  reason: "GPU_IS_LOST",
  message: "it is lost",
} as const;

describe("CUDA cannot be used", () => {
  const cases: readonly (readonly [name: string, file: string, sample: GpuSample, message: RegExp])[] = [
    [
      "without onnxruntime's provider",
      "/nowhere/provider.so",
      { state: "available", driverVersion: null, cudaVersion: null, gpus: [] },
      /CUDA provider \/nowhere\/provider\.so is missing: use the CUDA image, or set accelerator to cpu$/,
    ],
    [
      "without a driver",
      present,
      // As `failure` writes it, with the code.
      {
        state: "unavailable",
        reason: "DRIVER_NOT_LOADED",
        message: "nvmlInit_v2: Driver Not Loaded (DRIVER_NOT_LOADED)",
      },
      /no GPU is available: nvmlInit_v2: Driver Not Loaded \(DRIVER_NOT_LOADED\); check that/,
    ],
    [
      "when no GPU responds",
      present,
      { state: "available", driverVersion: "580.82.07", cudaVersion: "13.0", gpus: [lost] },
      /no GPU responds: it is lost$/,
    ],
  ];
  for (const [name, file, sample, message] of cases) {
    it(`${name}, reported in one line`, async () => {
      const reason = (await whyNoCuda(monitor(sample), file)) ?? "";
      assert.match(reason, message);
      assert.ok(!reason.includes("\n"));
    });
  }
});
