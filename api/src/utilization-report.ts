/** `GET /utilization` of the processor: its load over the last 15 seconds. The operator polls it. */
import { Type, type Static } from "typebox";
import { amount, oneOf } from "./schema/scalars.ts";

const known = (description: string) => Type.Union([amount(description), Type.Null()], { description });
const report = <Members extends Parameters<typeof Type.Object>[0]>(description: string, members: Members) =>
  Type.Object(members, { description });

const gpuFigures = report("A GPU or MIG device that the processor may use. Null means unknown, not zero.", {
  index: Type.Integer({ description: "NVML index of the GPU, or of the GPU of a MIG device.", minimum: 0 }),
  uuid: Type.Union([Type.String(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()]),
  migIndex: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  /** Why the GPU cannot be read; null when it can. */
  unavailable: Type.Union([Type.String(), Type.Null()]),
  utilizationPercent: known("Percent of the time in which a kernel ran."),
  memoryUtilizationPercent: known("Percent of the time in which device memory was read or written."),
  encoderPercent: known("Percent of the time in which the video encoder was busy."),
  decoderPercent: known("Percent of the time in which the video decoder was busy."),
  memoryUsedBytes: known("Device memory in use."),
  memoryTotalBytes: known("Total device memory."),
  temperatureCelsius: known("Temperature of the chip."),
  powerWatts: known("Power draw."),
  powerLimitWatts: known("Power limit."),
  throttleReasons: Type.Union([Type.Array(Type.String()), Type.Null()]),
});

const latency = report("Milliseconds; null without a request in the window.", {
  p50: known("Median."),
  p95: known("95th percentile."),
  p99: known("99th percentile."),
});

const stage = report("Milliseconds that a stage took, for accepted requests in the window.", {
  mean: known("Mean."),
  p95: known("95th percentile."),
});

export const utilizationReport = report("The load of a processor.", {
  version: Type.Literal("v1"),
  windowSeconds: amount("Length of the window of rates and percentiles; less than 15 just after the start."),
  accelerator: oneOf(["cpu", "cuda"], "Where the model runs."),
  model: Type.String({ description: "Name of the model." }),
  ready: Type.Boolean({ description: "Whether the processor accepts new requests." }),
  gpus: report("The GPUs. In cpu mode, only those that the pod has been allocated are read.", {
    state: oneOf(["available", "unavailable", "not-used"], "Whether the GPUs can be read."),
    reason: Type.Union([Type.String(), Type.Null()], { description: "Why the GPUs are unavailable." }),
    devices: Type.Array(gpuFigures),
  }),
  process: report("The processor's process.", {
    cpuPercent: amount("CPU usage over the window; 100 is one core."),
    cpuLimitCores: amount("Number of cores that it may use."),
    rssBytes: amount("Resident memory."),
    uptimeSeconds: amount("Seconds since the start."),
  }),
  requests: report("Requests for processing.", {
    active: amount("Number of requests with a worker."),
    queued: amount("Number of queued requests."),
    queueLimit: amount("Maximum number of queued requests."),
    accepted: amount("Number of successful requests in the window."),
    rejected: amount("Number of requests in the window with status 503."),
    failed: amount("Number of requests in the window with status 500 or 504."),
    invalid: amount("Number of requests in the window with status 4xx."),
    perSecond: amount("Rate of successful requests per second, over the window."),
    latencyMs: latency,
    batchSize: report("Size of the batches in the window.", { mean: known("Mean."), max: known("Largest.") }),
  }),
  stages: report("Durations of the stages.", { queue: stage, decode: stage, inference: stage, encode: stage }),
  workers: report("The worker threads.", {
    total: amount("Number of workers."),
    ready: amount("Number of workers with the model loaded."),
    busyPercent: amount("Percent of the window in which the workers were busy, averaged."),
    restarts: amount("Number of workers that were replaced since the start."),
  }),
  sessions: amount("Number of WebSocket sessions."),
  live: Type.Optional(
    report("Live video. Absent: it is switched off, or the processor is too old for it.", {
      sessions: amount("Number of open WebRTC sessions."),
      publishers: amount("Number of sessions whose video goes through the model."),
      viewers: amount("Number of sessions that watch a published stream."),
      sessionLimit: amount("Maximum number of sessions."),
      framesPerSecond: amount("Rate of frames that went through the model, over the window."),
      droppedShare: Type.Number({
        description:
          "Share of the frames in the window that were dropped because the pod was too slow for them: between receipt and model, or between model and client.",
        minimum: 0,
        maximum: 1,
      }),
      roundTripMs: Type.Optional(
        amount(
          "Median round trip of the sessions whose clients report it: those that receive video. Absent: none has yet.",
        ),
      ),
      latencyMs: report("Milliseconds from a decoded frame to its result; null without one in the window.", {
        p50: known("Median."),
        p95: known("95th percentile."),
      }),
    }),
  ),
  targets: Type.Optional(
    Type.Boolean({
      description: "Whether the targets of the service are exported as metrics. Absent: too old for it.",
    }),
  ),
});

export type UtilizationReport = Static<typeof utilizationReport>;
