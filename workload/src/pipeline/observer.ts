/** What the pipeline tells those who count. */
import type { PipelineErrorKind } from "./pipeline-error.ts";
import type { ModelDescription, Timings } from "./pipeline.ts";

export interface PipelineObserver {
  /** The first worker is ready. */
  modelLoaded(model: ModelDescription): void;
  finished(timings: Timings, totalMs: number): void;
  failed(kind: PipelineErrorKind): void;
  batch(size: number, busyMs: number): void;
  workerDied(reason: string): void;
}
