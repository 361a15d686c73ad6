/**
 * A worker that does as its pictures say, by the text after their JPEG: `die!` ends the thread, `hang` is never
 * answered, `late` holds the thread before it is, `held` holds it for minutes, anything else is at once.
 */
import { parentPort } from "node:worker_threads";
import koffi from "koffi";
import type { FromWorker, PictureWork, ToWorker } from "../worker/messages.ts";

function say(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function answer(works: readonly PictureWork[]): void {
  const results = works.map(({ id, bytes }) => ({
    id,
    kind: "picture" as const,
    body: new Uint8Array(bytes),
    width: 2,
    height: 2,
    decode: 1,
    inference: 2,
    encode: 3,
    batchSize: works.length,
  }));
  say({ kind: "done", results, last: true, busyMs: 1000 });
}

/** Within native code, where a thread can't be ended. */
function sleep(ms: number): void {
  koffi.load(null).func("poll", "int", ["void *", "int", "int"])(null, 0, ms);
}

parentPort?.on("message", (message: ToWorker) => {
  if (message.kind === "end") process.exit();
  if (message.kind !== "pictures") return;
  const text = new TextDecoder().decode(message.works[0]?.bytes.slice(-4));
  if (text === "die!") throw new Error("told to die");
  if (text === "hang") return;
  if (text === "late") sleep(300);
  if (text === "held") sleep(600_000);
  answer(message.works);
});

const tensor = { name: "t", type: "uint8" as const, shape: [1, "height", "width", 3] };
say({
  kind: "ready",
  model: { name: "fake", inputs: [tensor], outputs: [tensor], optimization: "all" },
  fixedSize: { width: undefined, height: undefined },
  largestBatch: 8,
});
