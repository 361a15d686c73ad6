/** The thread of `onnxProfile`. */
import { createRequire } from "node:module";
import { workerData } from "node:worker_threads";
import type { Accelerator, Optimization } from "../../core/tensor.ts";
import type * as Ort from "onnxruntime-node";

export interface OnnxProfileSetup {
  readonly modelFile: string;
  readonly accelerator: Accelerator;
  readonly optimization: Optimization;
  readonly width: number;
  readonly height: number;
  readonly runs: number;
  /** Of the file that onnxruntime writes. */
  readonly prefix: string;
}

// CommonJS whose exports cannot be seen without running it.
const ort = createRequire(import.meta.url)("onnxruntime-node") as typeof Ort;

const { modelFile, accelerator, optimization, width, height, runs, prefix } = workerData as OnnxProfileSetup;
const session = await ort.InferenceSession.create(modelFile, {
  executionProviders: accelerator === "cuda" ? [{ name: "cuda", deviceId: 0 }] : ["cpu"],
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  graphOptimizationLevel: optimization,
  enableProfiling: true,
  profileFilePrefix: prefix,
});
const [input] = session.inputMetadata;
if (input === undefined || !input.isTensor) throw new Error("the model's input is no tensor");
const isChannelsLast = input.shape.at(-1) === 3;
const open = isChannelsLast ? [1, height, width, 3] : [1, 3, height, width];
const dims = input.shape.map((length, axis) => (typeof length === "number" && length > 0 ? length : (open[axis] ?? 1)));
const size = dims.reduce((product, length) => product * length, 1);
const elements = input.type === "uint8" ? new Uint8Array(size).fill(128) : new Float32Array(size).fill(0.5);
const tensor = new ort.Tensor(input.type as "uint8", elements as Uint8Array, dims);
for (let run = 0; run < runs; run++) await session.run({ [input.name]: tensor });
session.endProfiling();
