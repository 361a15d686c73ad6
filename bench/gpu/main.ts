/**
 * The processor on a GPU: `node bench/gpu/main.ts [--seconds S] [--out FOLDER]`, in less than eight minutes once the wheels are there. It needs Node,
 * Python's pip and NVIDIA's driver. `--accelerator cpu` runs all of it without a GPU, except what only a GPU has.
 *
 * Exit status: 0 all goals are met, 1 some are not, 3 there is no GPU.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { writePictures } from "../processor/pictures.ts";
import { measureLoad, startProcessor, type Server } from "../processor/servers.ts";
import { tinyModel } from "../processor/tiny-model.ts";
import { memoryOf, NoDevice, readDevice, utilizationUntil } from "./device.ts";
import { copyWithCuda, type CudaProcessor } from "./libraries.ts";
import { pixelDifference } from "./pixels.ts";
import { checks, gpuReport, type GpuResults } from "./report.ts";

const { values } = parseArgs({
  options: {
    accelerator: { type: "string", default: "cuda" },
    seconds: { type: "string", default: "8" },
    out: { type: "string", default: join(tmpdir(), "gpumedia-bench") },
  },
});
const accelerator = values.accelerator === "cpu" ? "cpu" : "cuda";
/** The processor's report averages over the last 15 s. */
const windowSeconds = 15;
const startedAt = performance.now();

let results: GpuResults = {
  date: new Date().toISOString(),
  machine: `${availableParallelism()} cores, ${cpus()[0]?.model ?? "unknown"}, Node ${process.versions.node}`,
  accelerator,
  device: null,
  stopped: null,
  pixels: [],
  loads: [],
  utilization: null,
  memoryMiB: null,
  lostGpu: null,
  seconds: 0,
};

try {
  await measure();
} catch (error) {
  if (!(error instanceof NoDevice)) throw error;
  results = { ...results, stopped: `no GPU: ${error.message}` };
}
results = { ...results, seconds: (performance.now() - startedAt) / 1000 };
mkdirSync(values.out, { recursive: true });
writeFileSync(join(values.out, "gpu.json"), `${JSON.stringify({ ...results, checks: checks(results) }, null, 2)}\n`);
writeFileSync(join(values.out, "gpu.md"), gpuReport(results));
process.stdout.write(gpuReport(results));
process.exitCode = results.stopped !== null ? 3 : checks(results).every(({ met }) => met) ? 0 : 1;

function step(what: string): void {
  process.stderr.write(`${Math.round((performance.now() - startedAt) / 1000)} s: ${what}\n`);
}

async function measure(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gpumedia-bench-gpu-"));
  const pictures = await writePictures(folder);
  const tiny = join(folder, "tiny.onnx");
  writeFileSync(tiny, tinyModel());
  if (accelerator === "cuda") {
    step("looking for the GPU");
    results = { ...results, device: await readDevice() };
    step("looking for CUDA's libraries");
  }
  const cuda = accelerator === "cuda" ? await copyWithCuda(join(folder, "processor")) : undefined;
  const accelerated = { ...cuda?.environment, GPUMEDIA_ACCELERATOR: accelerator };
  const models = [
    { name: "tiny", picture: pictures.small, env: { GPUMEDIA_MODEL_NAME: "tiny", GPUMEDIA_MODEL_PATH: tiny } },
    { name: "anime4k", picture: pictures.large, env: { GPUMEDIA_MODEL_SIZE: "s" } },
  ];
  for (const { name, picture, env } of models) {
    step(`${name}: pixels`);
    const server = await startProcessor({ ...accelerated, ...env }, cuda?.program);
    const reference = await startProcessor({ ...env, GPUMEDIA_ACCELERATOR: "cpu" });
    const difference = await pixelDifference(picture, [server.port, reference.port]);
    await reference.stop();
    results = { ...results, pixels: [...results.pixels, { model: name, ...difference }] };
    for (const connections of [1, 8, 100]) {
      step(`${name}: c=${connections}`);
      const { perSecond, failed, p50, p95, p99 } = await measureLoad(server, picture, connections, values.seconds);
      results = {
        ...results,
        loads: [...results.loads, { model: name, connections, perSecond, failed, p50, p95, p99 }],
      };
    }
    if (name === "anime4k" && cuda !== undefined) {
      step("utilization and memory");
      results = { ...results, ...(await utilizationAndMemory(server, picture)) };
    }
    await server.stop();
  }
  if (cuda !== undefined) {
    step("without its GPU");
    results = { ...results, lostGpu: await withoutGpu(cuda) };
  }
}

async function utilizationAndMemory(server: Server, picture: string) {
  const load = measureLoad(server, picture, 8, String(2 * windowSeconds));
  // From then on the window has only this load.
  await pause(windowSeconds * 1000);
  const ours: number[] = [];
  const endAt = performance.now() + (windowSeconds - 2) * 1000;
  const theirs = utilizationUntil(pause(endAt - performance.now()));
  for (; performance.now() < endAt; await pause(500)) ours.push(await ownUtilization(server.port));
  const memoryMiB = { device: await memoryOf(server.pid), host: Math.round(server.peakMiB()) };
  const utilization = { ours: mean(ours), nvidiaSmi: mean(await theirs) };
  await load;
  return { utilization, memoryMiB };
}

async function ownUtilization(port: number): Promise<number> {
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^gpumedia_gpu_utilization_percent\{.*\} ([\d.]+)$/m.exec(metrics)?.[1]);
}

async function withoutGpu({ program, environment }: CudaProcessor) {
  const gone = { GPUMEDIA_ACCELERATOR: "cuda", GPUMEDIA_LISTEN_PORT: "0", CUDA_VISIBLE_DEVICES: "-1" };
  const child = spawn(process.execPath, [program], {
    env: { ...process.env, ...environment, ...gone },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const timer = setTimeout(() => child.kill(), 60_000);
  const [exit, out, errors] = await Promise.all([once(child, "exit"), text(child.stdout), text(child.stderr)]);
  clearTimeout(timer);
  const [exitStatus] = exit as [number | null];
  return { exitStatus, message: (errors + out).trim().split("\n").at(-1) ?? "" };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
