/** What the pipeline does for the routes. Everything behind it runs in worker threads. */
import type { Optimization } from "../inference/session.ts";

export const pictureFormats = ["jpeg", "png", "webp"] as const;
export type PictureFormat = (typeof pictureFormats)[number];

export interface ProcessOptions {
  readonly format: PictureFormat;
  /** 1 to 100; without meaning for png. */
  readonly quality: number;
}

/** Milliseconds that one request spent in each stage. */
export interface Timings {
  readonly queue: number;
  readonly decode: number;
  /** Of the whole batch that it was part of. */
  readonly inference: number;
  readonly encode: number;
}

export interface Processed {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  readonly timings: Timings;
  readonly batchSize: number;
}

/** onnxruntime's names. */
export type ElementType =
  | "float32"
  | "float64"
  | "uint8"
  | "int8"
  | "uint16"
  | "int16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool";

/** A tensor by its bytes: little-endian, row-major, as the binary extension of OIP v2 has it. */
export interface RawTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A tensor as the model declares it; a text or -1 stands for a size that the caller chooses. */
export interface TensorDeclaration {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface ModelDescription {
  /** What it is called at the inference API. */
  readonly name: string;
  readonly inputs: readonly TensorDeclaration[];
  readonly outputs: readonly TensorDeclaration[];
  /** All workers have the same, so that all answer the same bytes. */
  readonly optimization: Optimization;
}

export interface Inferred {
  readonly outputs: readonly RawTensor[];
  readonly timings: Pick<Timings, "queue" | "inference">;
}

export interface Pipeline {
  /** Known once a worker has loaded the model. */
  readonly model: ModelDescription | undefined;
  /** Whether at least one worker has warmed up and new requests are wanted. */
  readonly ready: boolean;
  /** How long a worker has been held by a call that does not return, after it was given up; 0: none is. */
  readonly heldForMs: number;
  /**
   * For whoever is about to receive or fetch a picture: what would be refused now need not be received first. Admits
   * nothing for later. @throws {PipelineError}
   */
  checkAdmission(): void;
  /**
   * Decodes a picture, has the model transform it, encodes the result. The promise rejects with `PipelineError` only.
   * A `input` that spans its whole ArrayBuffer is handed over to a worker and empty afterwards; another is copied. An
   * aborted request is dropped wherever it is.
   */
  process(input: Uint8Array<ArrayBuffer>, options: ProcessOptions, signal?: AbortSignal): Promise<Processed>;
  /** Runs the model on tensors as they are; their bytes are handed over likewise. Rejects with `PipelineError` only. */
  infer(inputs: readonly RawTensor[], signal?: AbortSignal): Promise<Inferred>;
}
