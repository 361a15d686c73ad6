/** Counts what the pipeline does, for `/metrics` and `/utilization`. */
import type { GpuMonitor } from "../gpu/monitor.ts";
import type { GpuSample } from "../gpu/gpu-sample.ts";
import type { DecodeWarning } from "../core/decode-warnings.ts";
import type { ModelContract } from "../core/model-contract.ts";
import type { PipelineObserver } from "../core/observer.ts";
import type { Logger } from "../process/log.ts";
import type { PipelineErrorKind } from "../core/pipeline-error.ts";
import type { ModelDescription } from "../core/tensor.ts";
import type { Timings } from "../core/observer.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { createMetrics, outcomes, stages, type Metrics, type Outcome, type Readings, type Stage } from "./metrics.ts";
import { LiveTelemetry } from "./live-telemetry.ts";
import { ProcessUsage } from "./process-usage.ts";
import { Window } from "./window.ts";

export type TelemetryWindow = Window<Outcome, Stage | "total" | "batch" | "busy">;

/** Since the start. */
export interface Totals {
  readonly succeeded: number;
  readonly failed: number;
  /** Runs of the model; one run may process several requests. */
  readonly runs: number;
  /** When the last request succeeded, in ms since 1970; 0: none has. */
  readonly lastSuccessAt: number;
  /** Seconds that all successful requests spent in each stage. */
  readonly seconds: Readonly<Record<Stage, number>>;
}

export interface TelemetryOptions {
  readonly readings: Omit<Readings, "gpus" | "sessions" | "busyPercent">;
  readonly gpu: GpuMonitor | undefined;
  readonly log: Pick<Logger, "error" | "info" | "debug">;
  readonly now?: () => number;
}

export class Telemetry implements PipelineObserver {
  readonly metrics: Metrics;
  readonly window: TelemetryWindow;
  readonly usage: ProcessUsage;
  readonly live: LiveTelemetry;
  /** The targets of the service now; undefined outside a GpuMediaService. */
  readonly targets: Readings["targets"];
  readonly #gpu: GpuMonitor | undefined;
  readonly #log: TelemetryOptions["log"];
  #sessions = 0;
  #lastFinishedAt = 0;

  constructor({ readings, gpu, log, now = () => performance.now() }: TelemetryOptions) {
    this.#gpu = gpu;
    this.#log = log;
    this.targets = readings.targets;
    this.window = new Window(outcomes, [...stages, "total", "batch", "busy"], now);
    this.usage = new ProcessUsage(now);
    this.metrics = createMetrics({
      ...readings,
      sessions: () => this.#sessions,
      busyPercent: () => this.busyPercent(readings.workers().total),
      gpus: async () => {
        const sample = await this.gpuSample();
        return sample?.state === "available" ? sample.gpus : [];
      },
    });
    this.live = new LiveTelemetry(this.metrics.live, now);
  }

  /** WebSocket sessions now. */
  get sessions(): number {
    return this.#sessions;
  }

  /** Share of the window in which the workers were busy, averaged, 0 to 100: the work of this process alone. */
  busyPercent(workers: number): number {
    const { count, mean } = this.window.figures("busy");
    if (count === 0) return 0;
    return Math.min(100, (mean * count) / (10 * this.window.seconds * Math.max(1, workers)));
  }

  sessionOpened(): void {
    this.#sessions++;
  }

  sessionClosed(): void {
    this.#sessions--;
  }

  /** Undefined without a GPU monitor. */
  async gpuSample(): Promise<GpuSample | undefined> {
    return this.#gpu?.sample();
  }

  modelLoaded({ name, optimization }: ModelDescription, contract: ModelContract): void {
    this.#log.info({ model: name, optimization, contract }, "model loaded");
  }

  finished(timings: Timings, totalMs: number): void {
    this.count("accepted");
    this.#lastFinishedAt = Date.now();
    this.window.record("total", totalMs);
    this.metrics.processing.observe(timings.inference / 1000);
    for (const stage of stages) {
      this.window.record(stage, timings[stage]);
      this.metrics.stage.observe({ stage }, timings[stage] / 1000);
    }
  }

  /** Of all requests since the start, as in the metrics. */
  async totals(): Promise<Totals> {
    const { requests, stage, batchSize } = this.metrics;
    const [counted, spent, batches] = await Promise.all([requests.get(), stage.get(), batchSize.get()]);
    const outcome = (name: Outcome) => counted.values.find(({ labels }) => labels.outcome === name)?.value ?? 0;
    const sum = (name: Stage) =>
      spent.values.find(({ metricName, labels }) => metricName?.endsWith("_sum") && labels.stage === name)?.value ?? 0;
    return {
      succeeded: outcome("accepted"),
      failed: outcome("failed"),
      runs: batches.values.find(({ metricName }) => metricName?.endsWith("_count"))?.value ?? 0,
      lastSuccessAt: this.#lastFinishedAt,
      seconds: { queue: sum("queue"), decode: sum("decode"), inference: sum("inference"), encode: sum("encode") },
    };
  }

  warned(warnings: readonly DecodeWarning[]): void {
    for (const { kind, detail } of warnings) {
      this.metrics.decodeWarnings.inc({ kind });
      this.#log.debug({ kind, detail }, "decoded a picture with a warning");
    }
  }

  failed(kind: PipelineErrorKind): void {
    this.count(outcomeOf(kind));
  }

  /** Counts a request, also one that never reached the pipeline, for instance because its body was too large. */
  count(outcome: Outcome): void {
    this.window.count(outcome);
    this.metrics.requests.inc({ outcome });
  }

  batch(size: number, busyMs: number): void {
    this.window.record("batch", size);
    this.window.record("busy", busyMs);
    this.metrics.batchSize.observe(size);
  }

  coldRuns(count: number): void {
    this.metrics.coldRuns.inc(count);
  }

  workerDied(reason: string): void {
    this.#log.error({ reason }, "a worker died; its requests failed, and it is being replaced");
  }

  close(): void {
    this.usage.close();
  }
}

function outcomeOf(kind: PipelineErrorKind): Outcome {
  if (kind === "aborted") return "aborted";
  const { status } = new PipelineError(kind, "");
  if (status === 503) return "rejected";
  return status >= 500 ? "failed" : "invalid";
}
