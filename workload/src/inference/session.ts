/**
 * An onnxruntime session. `run` blocks the calling thread, so each worker has its own session.
 *
 * The guide's PyTorch settings, and what stands in for them here:
 * - cudnn.benchmark, cudnn.deterministic: by default, onnxruntime's CUDA provider searches cuDNN's algorithms
 *   exhaustively and uses the fastest. onnxruntime-node passes on `deviceId` only, so this cannot be changed. On a CPU
 *   the processor measures two layouts itself (`faster-session.ts`).
 * - PYTORCH_CUDA_ALLOC_CONF: there is no PyTorch allocator. onnxruntime's arena grows in powers of two and cannot be
 *   configured from Node.
 * - CUDA_DEVICE_ORDER, CUDA_LAUNCH_BLOCKING: CUDA reads them from the environment, which the operator sets.
 * - torch.cuda.empty_cache(): see `release`.
 */
import type * as Ort from "onnxruntime-node";
import { discard } from "../core/buffers.ts";
import type { Accelerator, ElementType, Optimization, TensorDeclaration } from "../core/tensor.ts";
import { ort } from "./onnxruntime.ts";

export interface ModelSession {
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
  /** Returns the outputs by name, each in newly allocated memory. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Outputs>;
  /** The same for a run that may fail: onnxruntime does not log the error. */
  tryRun(feeds: Readonly<Record<string, Tensor>>): Promise<Outputs>;
  release(): Promise<void>;
}

/** onnxruntime's severity of messages. */
const [error, fatal] = [3, 4] as const;

export type Tensor = Ort.Tensor;
export type Outputs = Ort.InferenceSession.OnnxValueMapType;

/** onnxruntime-node allocates new outputs for each run: left to the garbage collector, they are most of the memory. */
export function discardOutputs(outputs: Outputs): void {
  for (const { data } of Object.values(outputs)) if (ArrayBuffer.isView(data)) discard(data);
}

export async function openSession(
  file: string,
  accelerator: Accelerator,
  optimization: Optimization = "all",
): Promise<ModelSession> {
  const session = await ort.InferenceSession.create(file, {
    executionProviders: accelerator === "cuda" ? [{ name: "cuda", deviceId: 0 }] : ["cpu"],
    // The workers are the parallelism: onnxruntime's threads would compete with them for the same cores.
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    // Memory plans are kept for every shape ever seen: about 60 MiB for 640x480, and no faster.
    enableMemPattern: false,
    graphOptimizationLevel: optimization,
    logSeverityLevel: error,
  });
  return {
    inputs: session.inputMetadata.map(declaration),
    outputs: session.outputMetadata.map(declaration),
    // Without preallocated outputs: onnxruntime-node copies into new memory all the same.
    run: (feeds) => session.run(feeds),
    tryRun: (feeds) => session.run(feeds, { logSeverityLevel: fatal }),
    release: () => session.release(),
  };
}

function declaration(metadata: Ort.InferenceSession.ValueMetadata): TensorDeclaration {
  if (!metadata.isTensor) throw new Error(`${metadata.name} is not a tensor`);
  return { name: metadata.name, type: metadata.type as ElementType, shape: metadata.shape };
}
