/**
 * A worker thread: loads the model, warms it up, then decodes, infers and encodes what it is sent, one batch at a time.
 *
 * All three stages of a picture run in one thread: its pixels stay in that core's cache, and no stage waits for another
 * worker.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ModelMismatch } from "../inference/model-declaration.ts";
import { openModel, type OpenedModel } from "../inference/open-model.ts";
import { tileRules } from "../core/tile-rules.ts";
import { PictureInference } from "../inference/picture-inference.ts";
import { fromRaw, toRaw } from "../inference/tensors.ts";
import { stillWorks, warmUpBuckets } from "../inference/trial.ts";
import { runSize } from "../core/grouping.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import type { FromWorker, TaskResult, TensorTask, ToWorker, WorkerSetup } from "./messages.ts";
import { FrameWorker } from "./frame-batch.ts";
import { PictureWorker, failed, sessionFailed } from "./picture-batch.ts";

/** A fifth of the time that a pod has for its start. */
const bucketBudgetMs = 60_000;

const setup = workerData as WorkerSetup;
if (parentPort === null) throw new Error("worker.ts runs as a worker thread only");
const port = parentPort;

function post(message: FromWorker, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

const opened = await open();
if (opened !== undefined) listen(opened);

interface Opened {
  readonly model: OpenedModel;
  readonly inference: PictureInference;
  readonly pictures: PictureWorker;
  readonly frames: FrameWorker;
}

async function open(): Promise<Opened | undefined> {
  const { modelName, modelFile: file, accelerator, modelOptions: options, learned, receptiveRadius } = setup;
  let model: OpenedModel;
  try {
    model = await openModel({ file, accelerator, options, learned });
  } catch (error) {
    const { message } = error as Error;
    const isCuda = accelerator === "cuda" && !(error instanceof ModelMismatch) && /cuda|provider|\.so/i.test(message);
    post({ kind: "unusable", reason: isCuda ? "accelerator" : "model", message });
    return undefined;
  }
  const { session, contract, optimization } = model;
  const rules = tileRules(contract, options, receptiveRadius, accelerator);
  const inference = new PictureInference(session, contract, rules);
  const pictures = new PictureWorker(inference, async () => stillWorks(model));
  const frames = new FrameWorker(inference, async () => stillWorks(model));
  const mostTogether = contract.batches ? setup.largestBatch : 1;
  if (rules.bucketed) {
    await warmUpBuckets(inference, {
      sizes: options.warmUpSizes,
      largestRun: ({ width, height }) => Math.min(mostTogether, runSize(width * height, accelerator)),
      budgetMs: bucketBudgetMs,
    });
  }
  post({
    kind: "ready",
    model: { name: modelName, inputs: session.inputs, outputs: session.outputs, optimization },
    learned: { optimization, contract },
    largestBatch: mostTogether,
  });
  return { model, inference, pictures, frames };
}

function listen({ model, inference, pictures, frames }: Opened): void {
  // A batch that is sent while another runs waits here: it starts without a round trip to the main thread.
  let queue = Promise.resolve();
  port.on("message", (message: ToWorker) => {
    queue = queue.then(() => handle(message));
  });

  async function handle(message: ToWorker): Promise<void> {
    const startedAt = performance.now();
    const onResults = (results: readonly TaskResult[], last: boolean): void => {
      const busyMs = performance.now() - startedAt;
      const coldRuns = inference.takeColdRuns();
      post({ kind: "done", results, last, busyMs, coldRuns }, results.flatMap(buffersOf));
    };
    switch (message.kind) {
      case "pictures":
        return pictures.process(message, onResults);
      case "frames":
        return onResults(await frames.process(message), true);
      case "tensors":
        return onResults([await inferTensors(model, message)], true);
      case "release-memory":
        frames.releaseMemory();
        return pictures.releaseMemory();
      case "exit":
        return port.close();
    }
  }
}

async function inferTensors(model: OpenedModel, { id, inputs }: TensorTask): Promise<TaskResult> {
  const startedAt = performance.now();
  try {
    const feeds = Object.fromEntries(inputs.map((input) => [input.name, fromRaw(input)]));
    const outputs = await model.session.run(feeds);
    const inference = performance.now() - startedAt;
    return {
      id,
      kind: "tensors",
      inference,
      outputs: Object.entries(outputs).map(([name, value]) => toRaw(name, value)),
    };
  } catch (error) {
    const { message } = error as Error;
    // What the declaration leaves open is checked by onnxruntime: dimensions that must be equal, or even.
    return (await stillWorks(model))
      ? failed(id, new PipelineError("bad-tensor", message))
      : sessionFailed(id, message);
  }
}

function buffersOf(result: TaskResult): ArrayBuffer[] {
  switch (result.kind) {
    case "picture":
      return [result.body.buffer];
    case "frame":
      return [result.bytes.buffer];
    case "tensors":
      return result.outputs.map(({ bytes }) => bytes.buffer);
    case "failed":
      return [];
  }
}
