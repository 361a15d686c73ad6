/** What the pipeline reports for metrics and the utilization report. */
import type { DecodeWarning } from "./decode-warnings.ts";
import type { ModelContract } from "./model-contract.ts";
import type { PipelineErrorKind } from "./pipeline-error.ts";
import type { ModelDescription } from "./tensor.ts";

/** Milliseconds that one request spent in each stage. */
export interface Timings {
  readonly queue: number;
  readonly decode: number;
  /** Of the whole run that it was part of. */
  readonly inference: number;
  readonly encode: number;
}

export interface PipelineObserver {
  /** The first worker is ready. */
  modelLoaded(model: ModelDescription, contract: ModelContract): void;
  finished(timings: Timings, totalMs: number): void;
  /** Pictures with warnings are finished as well. */
  warned(warnings: readonly DecodeWarning[]): void;
  failed(kind: PipelineErrorKind): void;
  batch(size: number, busyMs: number): void;
  /** Runs on a GPU of a shape that was new to their worker, for which cuDNN searched its algorithms. */
  coldRuns(count: number): void;
  workerDied(reason: string): void;
}
