/** Metrics for Prometheus. The first two names and the buckets are from the guide, "Application Metrics". */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { decodeWarningKinds, type DecodeWarningKind } from "../core/decode-warnings.ts";
import type { ServiceTargets } from "@gpumedia/api/src/service-targets.ts";
import type { Gpu } from "../gpu/gpu-sample.ts";
import { createLiveMetrics, type LiveMetrics } from "./live-metrics.ts";
import { targetGauges } from "./target-gauges.ts";

/** How a request for processing ended. */
export const outcomes = ["accepted", "rejected", "failed", "invalid", "aborted"] as const;
export type Outcome = (typeof outcomes)[number];

export const stages = ["queue", "decode", "inference", "encode"] as const;
export type Stage = (typeof stages)[number];

/** Seconds, from the guide. */
const processingBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** The values that gauges read when they are scraped. */
export interface Readings {
  readonly active: () => number;
  readonly queued: () => number;
  readonly sessions: () => number;
  /** Share of the window in which the workers were busy, 0 to 100. */
  readonly busyPercent: () => number;
  readonly workers: () => { readonly total: number; readonly ready: number; readonly restarts: number };
  readonly ready: () => boolean;
  readonly gpus: () => Promise<readonly Gpu[]>;
  /** Undefined outside a GpuMediaService. */
  readonly targets: () => Promise<ServiceTargets | undefined>;
}

export interface Metrics {
  readonly registry: Registry;
  readonly processing: Histogram;
  readonly requests: Counter<"outcome">;
  readonly decodeWarnings: Counter<"kind">;
  readonly stage: Histogram<"stage">;
  readonly batchSize: Histogram;
  readonly coldRuns: Counter;
  readonly live: LiveMetrics;
}

export function createMetrics(readings: Readings): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string, read: () => number): void => {
    const collected: Gauge = new Gauge({ name, help, registers, collect: () => collected.set(read()) });
  };
  gauge("concurrent_gpu_operations", "Requests being processed by workers", readings.active);
  gauge("gpumedia_queue_depth", "Requests waiting for a worker", readings.queued);
  gauge("gpumedia_sessions", "Open WebSocket sessions", readings.sessions);
  gauge("gpumedia_busy_percent", "Share of the last 15 seconds in which the workers were busy", readings.busyPercent);
  gauge("gpumedia_ready", "1 while the processor is ready for requests", () => (readings.ready() ? 1 : 0));
  gauge("gpumedia_workers", "Desired worker threads", () => readings.workers().total);
  gauge("gpumedia_workers_ready", "Worker threads that have loaded the model", () => readings.workers().ready);
  gauge("gpumedia_worker_restarts", "Worker threads that died and were replaced", () => readings.workers().restarts);
  gpuGauges(registry, readings.gpus);
  targetGauges(registry, readings.targets);

  const requests = new Counter({
    name: "gpumedia_requests_total",
    help: "Processing requests by outcome",
    labelNames: ["outcome"],
    registers,
  });
  // All start at 0, so that a rate includes the first event.
  for (const outcome of outcomes) requests.inc({ outcome }, 0);
  const decodeWarnings = new Counter({
    name: "gpumedia_decode_warnings_total",
    help: "Pictures that were processed although their decoder warned, by kind of warning",
    labelNames: ["kind"],
    registers,
  });
  for (const kind of Object.keys(decodeWarningKinds) as DecodeWarningKind[]) decodeWarnings.inc({ kind }, 0);
  return {
    registry,
    requests,
    decodeWarnings,
    processing: new Histogram({
      name: "gpu_processing_seconds",
      help: "Inference time of the batch that the request was part of, on GPU or CPU",
      buckets: processingBuckets,
      registers,
    }),
    stage: new Histogram({
      name: "gpumedia_stage_seconds",
      help: "Time that requests spent in each stage",
      labelNames: ["stage"],
      buckets: processingBuckets,
      registers,
    }),
    live: createLiveMetrics(registry),
    coldRuns: new Counter({
      name: "gpumedia_cold_runs_total",
      help: "Runs on a GPU of a shape that their worker had not run before, for which cuDNN searched its algorithms",
      registers,
    }),
    batchSize: new Histogram({
      name: "gpumedia_batch_size",
      help: "Requests that went through the model together",
      buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
      registers,
    }),
  };
}

/** Missing figures have no series: zero would look like an idle GPU. */
function gpuGauges(registry: Registry, gpus: Readings["gpus"]): void {
  const labelNames = ["gpu", "uuid"] as const;
  const gauges = [
    ["gpumedia_gpu_utilization_percent", "Share of time in which a kernel ran", "utilizationPercent"],
    ["gpumedia_gpu_memory_used_bytes", "Device memory in use", "memoryUsedBytes"],
    ["gpumedia_gpu_memory_total_bytes", "Total device memory", "memoryTotalBytes"],
    ["gpumedia_gpu_temperature_celsius", "Temperature of the chip", "temperatureCelsius"],
    ["gpumedia_gpu_power_watts", "Power drawn", "powerWatts"],
    ["gpumedia_gpu_encoder_percent", "Utilization of the video encoder", "encoderPercent"],
    ["gpumedia_gpu_decoder_percent", "Utilization of the video decoder", "decoderPercent"],
  ] as const;
  for (const [name, help, figure] of gauges) {
    const gauge: Gauge<"gpu" | "uuid"> = new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        gauge.reset();
        for (const gpu of await gpus()) {
          const value = gpu.state === "available" ? gpu.figures[figure] : null;
          if (value !== null) gauge.set({ gpu: String(gpu.index), uuid: gpu.uuid ?? "" }, value);
        }
      },
    });
  }
}
