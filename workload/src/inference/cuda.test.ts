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
  const cases: readonly {
    readonly name: string;
    readonly file: string;
    readonly sample: GpuSample;
    readonly message: RegExp;
  }[] = [
    {
      name: "without onnxruntime's provider",
      file: "/nowhere/provider.so",
      sample: { state: "available", driverVersion: null, cudaVersion: null, gpus: [] },
      message: /CUDA provider \/nowhere\/provider\.so is missing: use the CUDA image, or set accelerator to cpu$/,
    },
    {
      name: "without a driver",
      file: present,
      sample: { state: "unavailable", reason: "DRIVER_NOT_LOADED", message: "nvmlInit_v2: Driver Not Loaded" },
      message: /no GPU is available: nvmlInit_v2: Driver Not Loaded \(DRIVER_NOT_LOADED\)/,
    },
    {
      name: "when no GPU responds",
      file: present,
      sample: { state: "available", driverVersion: "580.82.07", cudaVersion: "13.0", gpus: [lost] },
      message: /no GPU responds: it is lost$/,
    },
  ];
  for (const { name, file, sample, message } of cases) {
    it(`${name}, reported in one line`, async () => {
      const reason = (await whyNoCuda(monitor(sample), file)) ?? "";
      assert.match(reason, message);
      assert.ok(!reason.includes("\n"));
    });
  }
});
