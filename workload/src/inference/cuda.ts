/** Checks whether CUDA can be used before the model is loaded: onnxruntime's own messages for it are pages long. */
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { GpuMonitor } from "../gpu/monitor.ts";

/** onnxruntime's library for CUDA, which its npm package does not contain. */
function cudaProviderFile(): string {
  const packageFolder = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  return join(packageFolder, "bin", "napi-v6", process.platform, process.arch, "libonnxruntime_providers_cuda.so");
}

/** Returns one line on what is missing and how to fix it; undefined: CUDA can be used. */
export async function whyNoCuda(
  gpu: GpuMonitor,
  providerFile: string = cudaProviderFile(),
): Promise<string | undefined> {
  if (!existsSync(providerFile)) {
    return `accelerator is cuda, but onnxruntime's CUDA provider ${providerFile} is missing: use the CUDA image, or set accelerator to cpu`;
  }
  const sample = await gpu.sample();
  if (sample.state === "unavailable") {
    return `accelerator is cuda, but no GPU is available: ${sample.message}; check that the container requests a GPU`;
  }
  if (sample.gpus.every(({ state }) => state === "unavailable")) {
    const [first] = sample.gpus;
    const reason = first?.state === "unavailable" ? first.message : "";
    return `accelerator is cuda, but no GPU responds: ${reason}`;
  }
  return undefined;
}
