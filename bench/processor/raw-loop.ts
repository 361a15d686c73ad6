/**
 * The upper limit: decodes, infers and encodes in a loop on several threads, with the processor's code, but without HTTP, queue and
 * messages. Prints one line of JSON.
 *
 * usage: node raw-loop.ts MODEL PICTURE THREADS SECONDS
 */
import { readFileSync } from "node:fs";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { readPictureHeader } from "../../workload/src/codec/picture-header.ts";
import { openModel } from "../../workload/src/inference/open-model.ts";
import { tileRules } from "../../workload/src/core/tile-rules.ts";
import { PictureInference } from "../../workload/src/inference/picture-inference.ts";
import type { RawFigures } from "./figures.ts";
import { PictureWorker } from "../../workload/src/worker/picture-batch.ts";

interface Setup {
  readonly model: string;
  readonly picture: string;
  readonly seconds: number;
}

interface Done {
  readonly counted: number;
  /** CPU time of this thread for the counted pictures. */
  readonly cpuMs: number;
}

const warmUpMs = 1000;

if (isMainThread) await main();
else await loop(workerData as Setup);

async function main(): Promise<void> {
  const [model = "", picture = "", threads = "", seconds = ""] = process.argv.slice(2);
  const setup: Setup = { model, picture, seconds: Number(seconds) };
  const counts = Array.from({ length: Number(threads) }, async () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: setup });
    const { promise, resolve, reject } = Promise.withResolvers<Done>();
    worker.on("message", resolve).on("error", reject);
    return promise;
  });
  const done = await Promise.all(counts);
  const figures: RawFigures = {
    perSecond: done.reduce((sum, { counted }) => sum + counted, 0) / Number(seconds),
    cpuMs: done.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / done.reduce((sum, { counted }) => sum + counted, 0),
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

async function loop({ model, picture, seconds }: Setup): Promise<void> {
  const options = { overlap: 16, verify: true, warmUpSizes: [] };
  const { session, contract } = await openModel({ file: model, accelerator: "cpu", options });
  const inference = new PictureInference(session, contract, tileRules(contract, options, null, "cpu"));
  const worker = new PictureWorker(inference, async () => true);
  const bytes = new Uint8Array(readFileSync(picture));
  const reading = readPictureHeader(bytes);
  if (reading.kind !== "picture") throw new Error(`${picture} is not a picture`);
  const headers = [reading.header];
  const encoding = { format: "jpeg" as const, quality: 85 };
  // A view of a part of the memory is not transferred, so the picture can be decoded again.
  const padded = new Uint8Array(bytes.length + 1);
  padded.set(bytes);
  const tasks = [{ id: 0, bytes: padded.subarray(0, bytes.length), options: encoding }];
  const countFrom = performance.now() + warmUpMs;
  const endAt = countFrom + seconds * 1000;
  let counted = 0;
  let before = process.threadCpuUsage();
  for (let now = 0; now < endAt; now = performance.now()) {
    await worker.process({ kind: "pictures", runSize: 1, headers, tasks }, () => undefined);
    if (now >= countFrom) counted++;
    else before = process.threadCpuUsage();
  }
  const { user, system } = process.threadCpuUsage(before);
  const done: Done = { counted, cpuMs: (user + system) / 1000 };
  parentPort?.postMessage(done);
}
