/**
 * A worker for tests that does what the text after the picture's JPEG asks for: `die!` throws, `hang` never responds,
 * `late` blocks the thread for 300 ms, `slow` for 2 s, `long` for minutes, `fail` fails as with a poisoned GPU, `cold` reports a
 * run of a new shape, `wait` responds when the test sends a message on the channel `scripted-worker`; anything else succeeds at once.
 */
import { parentPort } from "node:worker_threads";
import koffi from "koffi";
import type { FromWorker, PictureTask, ToWorker } from "../worker/messages.ts";

function post(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function succeed(tasks: readonly PictureTask[], coldRuns: number): void {
  const results = tasks.map(({ id, bytes }) => ({
    id,
    kind: "picture" as const,
    body: new Uint8Array(bytes),
    width: 2,
    height: 2,
    warnings: [],
    decode: 1,
    inference: 2,
    encode: 3,
    batchSize: tasks.length,
  }));
  post({ kind: "done", results, last: true, busyMs: 1000, coldRuns });
}

function fail(tasks: readonly PictureTask[]): void {
  const failure = {
    kind: "failed",
    error: "inference-failed",
    message: "CUDA failure 700",
    sessionFailed: true,
  } as const;
  post({ kind: "done", results: tasks.map(({ id }) => ({ id, ...failure })), last: true, busyMs: 1, coldRuns: 0 });
}

/** Blocks in native code, where a thread cannot be terminated. */
function block(ms: number): void {
  koffi.load(null).func("poll", "int", ["void *", "int", "int"])(null, 0, ms);
}

const waiting: (readonly PictureTask[])[] = [];
let released = false;
const release = new BroadcastChannel("scripted-worker");
release.addEventListener("message", () => {
  released = true;
  for (const tasks of waiting.splice(0)) succeed(tasks, 0);
});
// It must not keep the worker from exiting.
(release as unknown as { unref(): void }).unref();

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "exit") process.exit();
  if (message.kind !== "pictures") return;
  const text = new TextDecoder().decode(message.tasks[0]?.bytes.slice(-4));
  if (text === "die!") throw new Error("died on request");
  if (text === "hang") return;
  if (text === "fail") return fail(message.tasks);
  if (text === "late") block(300);
  if (text === "slow") block(2_000);
  if (text === "long") block(600_000);
  if (text === "wait" && !released) return void waiting.push(message.tasks);
  succeed(message.tasks, text === "cold" ? 1 : 0);
});

const declared = { name: "t", type: "uint8" as const, shape: [1, "height", "width", 3] };
const tensor = { name: "t", type: "uint8", layout: "NHWC", channels: "RGB", range: "0-255" } as const;
post({
  kind: "ready",
  model: { name: "fake", inputs: [declared], outputs: [declared], optimization: "all" },
  learned: {
    optimization: "all",
    contract: {
      input: tensor,
      output: tensor,
      scale: 2,
      fixed: { width: undefined, height: undefined },
      sizeMultiple: 1,
      smallestSide: 1,
      trial: { width: 64, height: 64 },
      batches: true,
    },
  },
  largestBatch: 8,
});
