/**
 * A worker thread: loads the model, warms it up, then decodes, infers and encodes what it is sent, one batch at a time.
 *
 * All three stages of a picture run in one thread: its pixels stay in that core's cache, and no stage waits for another
 * worker.
 */
import { parentPort, workerData } from "node:worker_threads";
import { fasterSession, type SelectedSession } from "../inference/faster-session.ts";
import { PictureInference } from "../inference/picture-inference.ts";
import { ModelMismatch, largestBatch, pictureModel, type PictureModel } from "../inference/picture-model.ts";
import { openSession, type ModelSession } from "../inference/session.ts";
import { measuredScale } from "../inference/scale.ts";
import { fromRaw, toRaw } from "../inference/tensors.ts";
import { warmUp } from "../inference/trial.ts";
import { PipelineError } from "../work/pipeline-error.ts";
import type { FromWorker, TaskResult, TensorTask, ToWorker, WorkerSetup } from "./messages.ts";
import { PictureWorker, failed } from "./picture-batch.ts";

const setup = workerData as WorkerSetup;
if (parentPort === null) throw new Error("worker.ts runs as a worker thread only");
const port = parentPort;

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

const opened = await open();
if (opened !== undefined) listen(opened.session, opened.pictures);

async function open(): Promise<{ session: ModelSession; pictures: PictureWorker } | undefined> {
  const { modelFile, modelName, accelerator } = setup;
  let initial: ModelSession;
  try {
    initial = await openSession(modelFile, accelerator, setup.optimization);
  } catch (error) {
    const { message } = error as Error;
    const isCuda = accelerator === "cuda" && /cuda|provider|\.so/i.test(message);
    post({ kind: "unusable", reason: isCuda ? "accelerator" : "model", message });
    return undefined;
  }
  try {
    const model = pictureModel(initial);
    const { session, optimization } = await selectSession(initial, model);
    const pictures = new PictureWorker(new PictureInference(session, model, setup.receptiveRadius));
    post({
      kind: "ready",
      model: { name: modelName, inputs: session.inputs, outputs: session.outputs, optimization },
      fixedSize: { width: model.input.width, height: model.input.height },
      largestBatch: largestBatch(model, setup.largestBatch),
      scale: await measuredScale(session, model),
    });
    return { session, pictures };
  } catch (error) {
    if (!(error instanceof ModelMismatch)) throw error;
    post({ kind: "unusable", reason: "model", message: error.message });
    return undefined;
  }
}

/** Returns the session to use, warmed up. */
async function selectSession(initial: ModelSession, model: PictureModel): Promise<SelectedSession> {
  const { accelerator, modelFile, optimization = accelerator === "cuda" ? "all" : undefined } = setup;
  if (optimization === undefined) return fasterSession(modelFile, initial, model);
  await warmUp(initial, model);
  return { session: initial, optimization };
}

function listen(session: ModelSession, pictures: PictureWorker): void {
  // A batch that is sent while another runs waits here: it starts without a round trip to the main thread.
  let queue = Promise.resolve();
  port.on("message", (message: ToWorker) => {
    queue = queue.then(() => handle(message));
  });

  async function handle(message: ToWorker): Promise<void> {
    const startedAt = performance.now();
    const onResults = (results: readonly TaskResult[], last: boolean): void => {
      post({ kind: "done", results, last, busyMs: performance.now() - startedAt }, results.flatMap(buffersOf));
    };
    switch (message.kind) {
      case "pictures":
        return pictures.process(message, onResults);
      case "tensors":
        return onResults([await inferTensors(session, message)], true);
      case "release-memory":
        return pictures.releaseMemory();
      case "exit":
        return port.close();
    }
  }
}

async function inferTensors(session: ModelSession, { id, inputs }: TensorTask): Promise<TaskResult> {
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
    // onnxruntime checks what the declaration leaves open, such as dimensions that must be equal.
    const isBadInput = /invalid (dimensions|rank)|unexpected input|missing input|input name|invalid feed/i.test(
      message,
    );
    return failed(id, new PipelineError(isBadInput ? "bad-tensor" : "inference-failed", message));
  }
}

function buffersOf(result: TaskResult): ArrayBuffer[] {
  switch (result.kind) {
    case "picture":
      return [result.body.buffer];
    case "tensors":
      return result.outputs.map(({ bytes }) => bytes.buffer);
    case "failed":
      return [];
  }
}
