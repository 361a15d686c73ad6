/**
 * A worker thread: loads the model, warms it up, then decodes, infers and encodes what it is sent, one batch at a time.
 *
 * All three stages of a picture run in one thread: its pixels stay in that core's cache, and no stage waits for another
 * worker.
 */
import { parentPort, workerData } from "node:worker_threads";
import { fasterSession, type Chosen } from "../inference/faster-session.ts";
import { PictureInference } from "../inference/picture-inference.ts";
import { ModelDoesNotFit, largestBatch, pictureModel, type PictureModel } from "../inference/picture-model.ts";
import { fromRaw, openSession, toRaw, type ModelSession } from "../inference/session.ts";
import { warmUp } from "../inference/trial.ts";
import { PipelineError } from "../work/pipeline-error.ts";
import type { FromWorker, TensorWork, ToWorker, WorkDone, WorkerSetup } from "./messages.ts";
import { PictureWorker, failed } from "./picture-batch.ts";

const setup = workerData as WorkerSetup;
if (parentPort === null) throw new Error("worker.ts runs as a worker thread only");
const port = parentPort;

function say(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

const opened = await open();
if (opened !== undefined) listen(opened.session, opened.pictures);

async function open(): Promise<{ session: ModelSession; pictures: PictureWorker } | undefined> {
  const { modelFile, modelName, accelerator } = setup;
  let first: ModelSession;
  try {
    first = await openSession(modelFile, accelerator, setup.optimization);
  } catch (error) {
    const reason =
      accelerator === "cuda" && /cuda|provider|\.so/i.test((error as Error).message) ? "accelerator" : "model";
    say({ kind: "unusable", reason, message: (error as Error).message });
    return undefined;
  }
  try {
    const model = pictureModel(first);
    const { session, optimization } = await tried(first, model);
    const pictures = new PictureWorker(new PictureInference(session, model, setup.receptiveRadius));
    say({
      kind: "ready",
      model: { name: modelName, inputs: session.inputs, outputs: session.outputs, optimization },
      fixedSize: { width: model.input.width, height: model.input.height },
      largestBatch: largestBatch(model, setup.largestBatch),
    });
    return { session, pictures };
  } catch (error) {
    if (!(error instanceof ModelDoesNotFit)) throw error;
    say({ kind: "unusable", reason: "model", message: error.message });
    return undefined;
  }
}

/** The session that is kept, warm. */
async function tried(first: ModelSession, model: PictureModel): Promise<Chosen> {
  const { accelerator, modelFile, optimization = accelerator === "cuda" ? "all" : undefined } = setup;
  if (optimization === undefined) return fasterSession(modelFile, first, model);
  await warmUp(first, model);
  return { session: first, optimization };
}

function listen(session: ModelSession, pictures: PictureWorker): void {
  // Sent while a batch runs, the next one waits here: its decoding starts without a round trip to the main thread.
  let turn = Promise.resolve();
  port.on("message", (message: ToWorker) => {
    turn = turn.then(() => work(message));
  });

  async function work(message: ToWorker): Promise<void> {
    const startedAt = performance.now();
    const tell = (results: readonly WorkDone[], last: boolean): void => {
      say({ kind: "done", results, last, busyMs: performance.now() - startedAt }, results.flatMap(memoryOf));
    };
    switch (message.kind) {
      case "pictures":
        return pictures.process(message, tell);
      case "tensors":
        return tell([await inferTensors(session, message)], true);
      case "release-memory":
        return pictures.releaseMemory();
      case "end":
        return port.close();
    }
  }
}

async function inferTensors(session: ModelSession, { id, inputs }: TensorWork): Promise<WorkDone> {
  const startedAt = performance.now();
  try {
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, fromRaw(input)]));
    const outputs = await session.run(feeds);
    const inference = performance.now() - startedAt;
    return {
      id,
      kind: "tensors",
      inference,
      outputs: Object.entries(outputs).map(([name, value]) => toRaw(name, value)),
    };
  } catch (error) {
    const { message } = error as Error;
    // onnxruntime judges what the declaration leaves open, such as sizes that must agree.
    const wrong = /invalid (dimensions|rank)|unexpected input|missing input|input name|invalid feed/i.test(message);
    return failed(id, new PipelineError(wrong ? "bad-tensor" : "inference-failed", message));
  }
}

function memoryOf(result: WorkDone): ArrayBuffer[] {
  switch (result.kind) {
    case "picture":
      return [result.body.buffer];
    case "tensors":
      return result.outputs.map(({ bytes }) => bytes.buffer);
    case "failed":
      return [];
  }
}
