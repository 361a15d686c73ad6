/** What the main thread and its workers say to each other. */
import type { PictureHeader } from "../codec/header-reading.ts";
import type { Accelerator, Optimization } from "../work/tensor.ts";
import type { PipelineErrorKind } from "../work/pipeline-error.ts";
import type { ModelDescription, RawTensor } from "../work/tensor.ts";
import type { ProcessOptions } from "../work/picture.ts";

export interface WorkerSetup {
  readonly modelName: string;
  readonly modelFile: string;
  readonly accelerator: Accelerator;
  /** Undefined: the worker finds out which is the fastest. */
  readonly optimization: Optimization | undefined;
  /** With it a large picture goes through the model in strips; null: as a whole. */
  readonly receptiveRadius: number | null;
  readonly largestBatch: number;
}

export interface PictureWork {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: ProcessOptions;
}

/** Pictures of one size. */
export interface PictureBatch {
  readonly kind: "pictures";
  /** How many of them go through the model together. */
  readonly runSize: number;
  readonly headers: readonly PictureHeader[];
  readonly works: readonly PictureWork[];
}

export interface TensorWork {
  readonly kind: "tensors";
  readonly id: number;
  readonly inputs: readonly RawTensor[];
}

export type ToWorker =
  | PictureBatch
  | TensorWork
  | { readonly kind: "release-memory" }
  /** After what came before it the thread ends by itself. */
  | { readonly kind: "end" };

export interface PictureDone {
  readonly id: number;
  readonly kind: "picture";
  readonly body: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly decode: number;
  readonly inference: number;
  readonly encode: number;
  readonly batchSize: number;
}

export interface TensorsDone {
  readonly id: number;
  readonly kind: "tensors";
  readonly outputs: readonly RawTensor[];
  readonly inference: number;
}

export interface WorkFailed {
  readonly id: number;
  readonly kind: "failed";
  readonly error: PipelineErrorKind;
  readonly message: string;
}

export type WorkDone = PictureDone | TensorsDone | WorkFailed;

export type FromWorker =
  | {
      readonly kind: "ready";
      readonly model: ModelDescription;
      readonly fixedSize: FixedSize;
      readonly largestBatch: number;
    }
  /** The model can't be used: a worker that starts again would fail again. */
  | { readonly kind: "unusable"; readonly reason: "model" | "accelerator"; readonly message: string }
  | { readonly kind: "done"; readonly results: readonly WorkDone[]; readonly last: boolean; readonly busyMs: number };

/** What the model demands of a picture; undefined: any. */
export interface FixedSize {
  readonly width: number | undefined;
  readonly height: number | undefined;
}
