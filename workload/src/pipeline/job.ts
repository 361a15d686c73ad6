/** One request on its way through the pipeline. */
import type { PictureHeader } from "../codec/header-reading.ts";
import type { WorkDone } from "../worker/messages.ts";
import type { PipelineError } from "./pipeline-error.ts";
import type { ProcessOptions, RawTensor } from "./pipeline.ts";

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
