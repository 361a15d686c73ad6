/** A request on its way through the pipeline. */
import type { PictureHeader } from "../codec/header-reading.ts";
import type { Timings } from "../core/observer.ts";
import type { EncodeOptions, Size } from "../core/picture.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import type { RawTensor } from "../core/tensor.ts";
import type { TaskResult } from "../worker/messages.ts";

interface PictureRequest {
  readonly kind: "picture";
  /** Jobs of the same shape may share a batch. */
  readonly shape: string;
  readonly pixels: number;
  readonly header: PictureHeader;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: EncodeOptions;
}

interface FrameRequest {
  readonly kind: "frame";
  readonly shape: string;
  readonly pixels: number;
  readonly size: Size;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface TensorRequest {
  readonly kind: "tensors";
  /** Never shares a batch. */
  readonly shape: null;
  /** The cost, as the number of pixels with as many bytes. */
  readonly pixels: number;
  readonly inputs: readonly RawTensor[];
}

export type JobRequest = PictureRequest | FrameRequest | TensorRequest;

export type Job = JobRequest & {
  readonly id: number;
  /** Memory at its peak. */
  readonly memoryBytes: number;
  /** From its acceptance on. */
  readonly timeoutMs: number;
  readonly acceptedAt: number;
  dispatchedAt: number;
  readonly settle: (outcome: Outcome) => void;
};

export interface Finished {
  readonly result: Exclude<TaskResult, { kind: "failed" }>;
  readonly queueMs: number;
}

export type Outcome = Finished | PipelineError;

/** Turns a worker's result into the outcome of its job. */
export function outcomeOf(result: TaskResult, job: Job): Outcome {
  if (result.kind === "failed") return new PipelineError(result.error, result.message);
  return { result, queueMs: job.dispatchedAt - job.acceptedAt };
}

/** Tensors are neither decoded nor encoded. */
export function timingsOf({ result, queueMs }: Finished): Timings {
  const { inference } = result;
  if (result.kind === "tensors") return { queue: queueMs, decode: 0, inference, encode: 0 };
  return { queue: queueMs, decode: result.decode, inference, encode: result.encode };
}

/** Bytes of the request's body. */
export function bodyBytesOf(request: JobRequest): number {
  if (request.kind !== "tensors") return request.bytes.byteLength;
  return request.inputs.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
}
