/** One request on its way through the pipeline. */
import type { PictureHeader } from "../codec/header-reading.ts";
import type { WorkDone } from "../worker/messages.ts";
import { PipelineError } from "../work/pipeline-error.ts";
import type { ProcessOptions } from "../work/picture.ts";
import type { RawTensor } from "../work/tensor.ts";
import type { Timings } from "../work/observer.ts";

interface Common {
  readonly id: number;
  /** Jobs with the same one may share a batch; null: never. */
  readonly shape: string | null;
  /** What it costs, in pixels. */
  readonly pixels: number;
  readonly acceptedAt: number;
  dispatchedAt: number;
  readonly settle: (outcome: Finished | PipelineError) => void;
}

export interface PictureJob extends Common {
  readonly kind: "picture";
  readonly header: PictureHeader;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly options: ProcessOptions;
}

export interface TensorJob extends Common {
  readonly kind: "tensors";
  readonly inputs: readonly RawTensor[];
}

export type Job = PictureJob | TensorJob;

export interface Finished {
  readonly done: Exclude<WorkDone, { kind: "failed" }>;
  readonly queueMs: number;
}

/** What a worker's answer means for its request. */
export function outcomeOf(result: WorkDone, job: Job): Finished | PipelineError {
  if (result.kind === "failed") return new PipelineError(result.error, result.message);
  return { done: result, queueMs: job.dispatchedAt - job.acceptedAt };
}

/** A request for tensors has nothing to decode or encode. */
export function timingsOf({ done, queueMs }: Finished): Timings {
  if (done.kind === "tensors") return { queue: queueMs, decode: 0, inference: done.inference, encode: 0 };
  return { queue: queueMs, decode: done.decode, inference: done.inference, encode: done.encode };
}
