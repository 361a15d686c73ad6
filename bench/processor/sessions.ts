/**
 * A session per worker thread against one that all threads share (ADR 9): `node bench/processor/sessions.ts [--rounds N] [--pictures N]`.
 * Each measurement is a process of its own, so that its peak memory is its own; both take turns.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { PictureInference } from "../../workload/src/inference/picture-inference.ts";
import { pictureModel } from "../../workload/src/inference/picture-model.ts";
import { openSession, type ModelSession } from "../../workload/src/inference/session.ts";
import { builtInModelFile, receptiveRadius } from "../../workload/src/models/built-in.ts";
import { NativeOnnx } from "./native-session.ts";
import { run } from "./servers.ts";

type Model = keyof typeof receptiveRadius;

interface Setup {
  readonly model: Model;
  /** Of the shared session; null: the thread opens its own. */
  readonly shared: bigint | null;
  readonly pictures: number;
}

interface Measured {
  readonly cpuMs: number;
  readonly peakMiB: number;
}

const threads = 2;
const [width, height, scale] = [640, 480, 2];

if (!isMainThread) await work(workerData as Setup);
else {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      pictures: { type: "string", default: "20" },
      /** Of the measured process itself. */
      measure: { type: "string" },
      model: { type: "string", default: "anime4k-2x-s" },
    },
  });
  const pictures = Number(values.pictures);
  if (values.measure === undefined) await compare(Number(values.rounds), values.pictures);
  else
    process.stdout.write(JSON.stringify(await measure(values.measure === "shared", values.model as Model, pictures)));
}

async function compare(rounds: number, pictures: string): Promise<void> {
  process.stdout.write("| model | session | CPU ms a picture | peak RSS MiB |\n| --- | --- | --: | --: |\n");
  for (const model of ["anime4k-2x-s", "anime4k-2x-l"]) {
    const found: Record<string, Measured[]> = { "per thread": [], shared: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [kind, measured] of Object.entries(found)) {
        const args = [import.meta.filename, "--measure", kind, "--model", model, "--pictures", pictures];
        measured.push(JSON.parse(await run(process.execPath, args)) as Measured);
      }
    }
    for (const [kind, measured] of Object.entries(found)) {
      const cpu = median(measured.map(({ cpuMs }) => cpuMs)).toFixed(1);
      const peak = median(measured.map(({ peakMiB }) => peakMiB)).toFixed(0);
      process.stdout.write(`| ${model} | ${kind} | ${cpu} | ${peak} |\n`);
    }
  }
}

async function measure(isShared: boolean, model: Model, pictures: number): Promise<Measured> {
  const file = builtInModelFile(model);
  const shared = isShared ? (await native(file)).open(file) : null;
  const spent = Array.from({ length: threads }, async () => {
    const setup: Setup = { model, shared, pictures };
    const worker = new Worker(new URL(import.meta.url), { workerData: setup });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    worker.on("message", resolve).on("error", reject);
    return promise;
  });
  const cpuMs = (await Promise.all(spent)).reduce((sum, ms) => sum + ms, 0) / (threads * pictures);
  const status = readFileSync("/proc/self/status", "utf8");
  return { cpuMs, peakMiB: Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024 };
}

async function work({ model, shared, pictures }: Setup): Promise<void> {
  const file = builtInModelFile(model);
  const session = shared === null ? await openSession(file, "cpu") : await sharedSession(file, shared);
  const inference = new PictureInference(session, pictureModel(session), receptiveRadius[model]);
  const pixels = Buffer.alloc(width * height * 3, 100);
  for (let warm = 0; warm < 3; warm++) await inference.run(pixels, 1, width, height);
  const before = process.threadCpuUsage();
  for (let picture = 0; picture < pictures; picture++) await inference.run(pixels, 1, width, height);
  const { user, system } = process.threadCpuUsage(before);
  parentPort?.postMessage((user + system) / 1000);
}

/** The declaration is read with a session of onnxruntime-node's, which is given back. */
async function declaration(file: string): Promise<Pick<ModelSession, "inputs" | "outputs">> {
  const session = await openSession(file, "cpu");
  const { inputs, outputs } = session;
  await session.release();
  return { inputs, outputs };
}

async function native(file: string): Promise<NativeOnnx> {
  const { inputs, outputs } = await declaration(file);
  return new NativeOnnx(inputs[0]?.name ?? "", outputs[0]?.name ?? "");
}

async function sharedSession(file: string, address: bigint): Promise<ModelSession> {
  return (await native(file)).session(address, await declaration(file), scale);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
