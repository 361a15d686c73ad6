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
import { createRequire } from "node:module";
import { discard } from "../work/buffers.ts";
import type * as Ort from "onnxruntime-node";
import type { Accelerator, ElementType, Optimization, RawTensor, TensorDeclaration } from "../work/tensor.ts";

// CommonJS whose exports cannot be determined without running it.
const ort = createRequire(import.meta.url)("onnxruntime-node") as typeof Ort;

export interface ModelSession {
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
  /** Returns the outputs by name, each in newly allocated memory. */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Outputs>;
  release(): Promise<void>;
}

export type Tensor = Ort.Tensor;
export type Outputs = Ort.InferenceSession.OnnxValueMapType;

/** onnxruntime-node allocates new outputs for each run: left to the garbage collector, they are most of the memory. */
export function discardOutputs(outputs: Outputs): void {
  for (const { data } of Object.values(outputs)) if (ArrayBuffer.isView(data)) discard(data as Uint8Array<ArrayBuffer>);
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
    logSeverityLevel: 3,
  });
  return {
    inputs: session.inputMetadata.map(declaration),
    outputs: session.outputMetadata.map(declaration),
    // Without preallocated outputs: onnxruntime-node copies into new memory all the same.
    run: (feeds) => session.run(feeds),
    release: () => session.release(),
  };
}

function declaration(metadata: Ort.InferenceSession.ValueMetadata): TensorDeclaration {
  if (!metadata.isTensor) throw new Error(`${metadata.name} is not a tensor`);
  return { name: metadata.name, type: metadata.type as ElementType, shape: metadata.shape };
}

type Elements = Uint8Array | Float32Array;

export function tensor(elements: Elements, dims: readonly number[]): Tensor {
  return elements instanceof Uint8Array
    ? new ort.Tensor("uint8", elements, dims)
    : new ort.Tensor("float32", elements, dims);
}

const arrays = {
  float32: Float32Array,
  float64: Float64Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  bool: Uint8Array,
} as const satisfies Record<ElementType, unknown>;

export function fromRaw({ type, shape, bytes }: RawTensor): Tensor {
  const Elements = arrays[type];
  // Typed arrays must start aligned, which a slice of a request rarely does.
  const aligned = bytes.byteOffset % Elements.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  const elements = new Elements(aligned.buffer, aligned.byteOffset, aligned.byteLength / Elements.BYTES_PER_ELEMENT);
  return new ort.Tensor(type, elements as never, shape);
}

export function toRaw(name: string, value: Ort.Tensor): RawTensor {
  const { buffer, byteOffset, byteLength } = value.data as Uint8Array<ArrayBuffer>;
  return {
    name,
    type: value.type as ElementType,
    shape: value.dims,
    bytes: new Uint8Array(buffer, byteOffset, byteLength),
  };
}
