/** Builds `UtilizationReport` (schema in `@gpumedia/api`). */
import type { UtilizationReport } from "@gpumedia/api";
import { unknownFigures, type Gpu, type GpuSample } from "../gpu/gpu-sample.ts";
import { stages, type Stage } from "./metrics.ts";
import type { Telemetry } from "./telemetry.ts";
import type { SpanFigures } from "./window.ts";

/** The part of the report that is not counted by telemetry. */
export interface ProcessorState {
  readonly accelerator: "cpu" | "cuda";
  readonly model: string;
  readonly ready: boolean;
  readonly active: number;
  readonly queued: number;
  readonly queueLimit: number;
  readonly cpuLimitCores: number;
  readonly workers: { readonly total: number; readonly ready: number; readonly restarts: number };
}

export async function utilization(telemetry: Telemetry, state: ProcessorState): Promise<UtilizationReport> {
  const { window, usage } = telemetry;
  const { seconds } = window;
  const latency = window.figures("total");
  const batch = window.figures("batch");
  const accepted = window.total("accepted");
  const live = telemetry.live.report();
  return {
    version: "v1",
    windowSeconds: rounded(seconds),
    accelerator: state.accelerator,
    model: state.model,
    ready: state.ready,
    gpus: gpus(await telemetry.gpuSample()),
    process: {
      cpuPercent: rounded(usage.cpuPercent),
      cpuLimitCores: rounded(state.cpuLimitCores),
      rssBytes: process.memoryUsage.rss(),
      uptimeSeconds: rounded(process.uptime()),
    },
    requests: {
      active: state.active,
      queued: state.queued,
      queueLimit: state.queueLimit,
      accepted,
      rejected: window.total("rejected"),
      failed: window.total("failed"),
      invalid: window.total("invalid"),
      perSecond: rounded(accepted / seconds),
      latencyMs: { p50: share(latency, 0.5), p95: share(latency, 0.95), p99: share(latency, 0.99) },
      batchSize: batch.count === 0 ? { mean: null, max: null } : { mean: rounded(batch.mean), max: batch.max },
    },
    stages: Object.fromEntries(stages.map((stage) => [stage, stageOf(window.figures(stage))])) as StageReport,
    workers: {
      ...state.workers,
      busyPercent: rounded(telemetry.busyPercent(state.workers.total)),
    },
    sessions: telemetry.sessions,
    ...(live === undefined ? {} : { live }),
    targets: (await telemetry.targets()) !== undefined,
  };
}

type StageReport = Record<Stage, { mean: number | null; p95: number | null }>;

function stageOf(figures: SpanFigures) {
  return { mean: figures.count === 0 ? null : rounded(figures.mean), p95: share(figures, 0.95) };
}

function share(figures: SpanFigures, of: number): number | null {
  return figures.count === 0 ? null : rounded(figures.percentile(of));
}

function gpus(sample: GpuSample | undefined): UtilizationReport["gpus"] {
  if (sample === undefined) return { state: "not-used", reason: null, devices: [] };
  if (sample.state === "unavailable") {
    return { state: "unavailable", reason: `${sample.reason}: ${sample.message}`, devices: [] };
  }
  return { state: "available", reason: null, devices: sample.gpus.map(device) };
}

function device(gpu: Gpu): UtilizationReport["gpus"]["devices"][number] {
  const { index, uuid, name, mig } = gpu;
  const unavailable = gpu.state === "available" ? null : `${gpu.reason}: ${gpu.message}`;
  const known = gpu.state === "available" ? gpu.figures : unknownFigures;
  const { processes: _processes, throttleReasons, ...figures } = known;
  const identity = { index, uuid, name, migIndex: mig?.index ?? null };
  return { ...identity, unavailable, ...figures, throttleReasons: throttleReasons && [...throttleReasons] };
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
