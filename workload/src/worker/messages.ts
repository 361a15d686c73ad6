/** Messages between the main thread and its workers. */
import type { PictureHeader } from "../codec/header-reading.ts";
import type { DecodeWarning } from "../core/decode-warnings.ts";
import type { PipelineErrorKind } from "../core/pipeline-error.ts";
import type { EncodeOptions, Size } from "../core/picture.ts";
import type { ModelOptions } from "../core/model-contract.ts";
import type { Accelerator, ModelDescription, RawTensor } from "../core/tensor.ts";
import type { LearnedModel } from "../inference/open-model.ts";

export interface WorkerSetup {
  readonly modelName: string;
  readonly modelFile: string;
  readonly accelerator: Accelerator;
  readonly modelOptions: ModelOptions;
  /** Undefined: the worker finds it out. */
  readonly learned: LearnedModel | undefined;
  /** If known, large pictures go through the model in strips. */
  readonly receptiveRadius: number | null;
  readonly largestBatch: number;
}

export interface PictureTask {
  readonly id: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: EncodeOptions;
}

/** Pictures of one size. */
export interface PictureBatch {
  readonly kind: "pictures";
  /** How many of them go through the model together. */
  readonly runSize: number;
  readonly headers: readonly PictureHeader[];
  readonly tasks: readonly PictureTask[];
}

export interface FrameTask {
  readonly id: number;
  /** I420. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Frames of video of one size. */
export interface FrameBatch {
  readonly kind: "frames";
  /** How many of them go through the model together. */
  readonly runSize: number;
  readonly size: Size;
  readonly tasks: readonly FrameTask[];
}

export interface TensorTask {
  readonly kind: "tensors";
  readonly id: number;
  readonly inputs: readonly RawTensor[];
}

export type ToWorker =
  | PictureBatch
  | FrameBatch
  | TensorTask
  | { readonly kind: "release-memory" }
  /** The thread exits once it has handled all earlier messages. */
  | { readonly kind: "exit" };

export interface PictureResult {
  readonly id: number;
  readonly kind: "picture";
  readonly body: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly warnings: readonly DecodeWarning[];
  readonly decode: number;
  readonly inference: number;
  readonly encode: number;
  readonly batchSize: number;
}

/** `decode` and `encode` are the conversions to RGB and back. */
export interface FrameResult extends Size {
  readonly id: number;
  readonly kind: "frame";
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly decode: number;
  readonly inference: number;
  readonly encode: number;
}

export interface TensorResult {
  readonly id: number;
  readonly kind: "tensors";
  readonly outputs: readonly RawTensor[];
  readonly inference: number;
}

export interface TaskFailure {
  readonly id: number;
  readonly kind: "failed";
  readonly error: PipelineErrorKind;
  readonly message: string;
  /** The session fails on a known picture, too: the input is not at fault. */
  readonly sessionFailed?: true;
}

export type TaskResult = PictureResult | FrameResult | TensorResult | TaskFailure;

export type FromWorker =
  | {
      readonly kind: "ready";
      readonly model: ModelDescription;
      readonly learned: LearnedModel;
      readonly largestBatch: number;
    }
  /** The model cannot be used: a restarted worker would fail the same way. */
  | { readonly kind: "unusable"; readonly reason: "model" | "accelerator"; readonly message: string }
  /** Results of a batch; `last` once there are no more. */
  | {
      readonly kind: "done";
      readonly results: readonly TaskResult[];
      readonly last: boolean;
      readonly busyMs: number;
      /** Runs on a GPU of a shape that the worker had not run before. */
      readonly coldRuns: number;
    };
