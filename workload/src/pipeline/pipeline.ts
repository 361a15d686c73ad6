/** What the pipeline offers to the routes. Everything behind it runs in worker threads. */
import type { DecodeWarning } from "../core/decode-warnings.ts";
import type { Timings } from "../core/observer.ts";
import type { PictureFormat, ProcessOptions } from "../core/picture.ts";
import type { VideoFrame } from "../core/video-frame.ts";
import type { ModelDescription, RawTensor } from "../core/tensor.ts";

export interface Processed {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  readonly timings: Timings;
  /** What the decoder warned of. */
  readonly warnings: readonly DecodeWarning[];
  readonly batchSize: number;
  /** Frames of an animation, of which this is the first; null: the picture was a still. */
  readonly frames: number | null;
}

export interface ProcessedFrame extends VideoFrame {
  readonly timings: Timings;
}

export interface Inferred {
  readonly outputs: readonly RawTensor[];
  readonly timings: Pick<Timings, "queue" | "inference">;
}

export interface Pipeline {
  /** Known once a worker has loaded the model. */
  readonly model: ModelDescription | undefined;
  /** Whether at least one worker has warmed up and the pipeline is not draining. */
  readonly ready: boolean;
  /** How long a worker that was given up has been stuck in a call that does not return; 0: none is. */
  readonly stuckForMs: number;
  /**
   * Rejects early what `process` would reject now, before a picture is received or fetched. Reserves nothing.
   * @throws {PipelineError}
   */
  checkAdmission(): void;
  /**
   * Decodes a picture, runs the model on it and encodes the result. Rejects with `PipelineError` only. An `input` that
   * spans its whole ArrayBuffer is transferred to a worker and empty afterwards; any other is copied. An aborted request
   * is dropped at whichever stage it is.
   */
  process(input: Uint8Array<ArrayBuffer>, options: ProcessOptions, signal?: AbortSignal): Promise<Processed>;
  /** Runs the model on a frame of video, whose bytes are transferred likewise. Rejects with `PipelineError` only. */
  processFrame(frame: VideoFrame, signal?: AbortSignal): Promise<ProcessedFrame>;

  /** Runs the model on tensors as they are; their bytes are transferred likewise. Rejects with `PipelineError` only. */
  infer(inputs: readonly RawTensor[], signal?: AbortSignal): Promise<Inferred>;
}
