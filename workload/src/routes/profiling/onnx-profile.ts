/** How long each node of the model takes, as onnxruntime records it: a trace for chrome://tracing or Perfetto. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { OnnxProfileSetup } from "./onnx-profile-thread.ts";

/**
 * Runs the model on a thread and in a session of its own: recording can only be switched on when a session is opened, and
 * costs time that requests should not have to wait.
 */
export async function onnxProfile(setup: Omit<OnnxProfileSetup, "prefix">): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), "gpumedia-onnx-"));
  try {
    const workerData: OnnxProfileSetup = { ...setup, prefix: join(folder, "profile") };
    const worker = new Worker(new URL("onnx-profile-thread.ts", import.meta.url), { workerData, name: "onnx-profile" });
    // Rejects with what the thread threw.
    await once(worker, "exit");
    const [file] = await readdir(folder);
    if (file === undefined) throw new Error("onnxruntime wrote no profile");
    return await readFile(join(folder, file));
  } finally {
    await rm(folder, { recursive: true });
  }
}
