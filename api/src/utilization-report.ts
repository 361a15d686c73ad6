/** `GET /utilization` of the processor: what it is busy with, over the last 15 seconds. The operator polls it. */
import { Type, type Static } from "typebox";
import { oneOf } from "./schema/scalars.ts";

const amount = (description: string) => Type.Number({ description, minimum: 0 });
const known = (description: string) => Type.Union([amount(description), Type.Null()], { description });
const report = <Members extends Parameters<typeof Type.Object>[0]>(description: string, members: Members) =>
  Type.Object(members, { description });

const gpuFigures = report("One GPU, or MIG device, that the processor may use. Null: not known, which is not zero.", {
  index: Type.Integer({ description: "NVML's index, with a MIG device that of its GPU.", minimum: 0 }),
  uuid: Type.Union([Type.String(), Type.Null()]),
  name: Type.Union([Type.String(), Type.Null()]),
  migIndex: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  /** Why the GPU does not answer; null: it does. */
  unavailable: Type.Union([Type.String(), Type.Null()]),
  utilizationPercent: known("Share of the time in which a kernel ran."),
  memoryUtilizationPercent: known("Share of the time in which device memory was read or written."),
  encoderPercent: known("Share of the time in which the video encoder worked."),
  decoderPercent: known("Share of the time in which the video decoder worked."),
  memoryUsedBytes: known("Device memory in use."),
  memoryTotalBytes: known("Device memory in all."),
  temperatureCelsius: known("Temperature of the chip."),
  powerWatts: known("Power drawn."),
  powerLimitWatts: known("Power that may be drawn."),
  throttleReasons: Type.Union([Type.Array(Type.String()), Type.Null()]),
});

const latency = report("Milliseconds; null: no request in the window.", {
  p50: known("Half of the requests took no longer."),
  p95: known("95 % of the requests took no longer."),
  p99: known("99 % of the requests took no longer."),
});

const stage = report("Milliseconds of one stage, of the accepted requests in the window.", {
  mean: known("Mean."),
  p95: known("95 % took no longer."),
});

export const utilizationReport = report("What a processor is busy with.", {
  version: Type.Literal("v1"),
  windowSeconds: amount("Over how long rates and percentiles are taken; less than 15 just after the start."),
  accelerator: oneOf(["cpu", "cuda"], "What the model runs on."),
  model: Type.String({ description: "The model's name." }),
  ready: Type.Boolean({ description: "Whether new requests are wanted." }),
  gpus: report("The GPUs. In cpu mode only those that the pod was given are asked.", {
    state: oneOf(["available", "unavailable", "not-used"], "Whether anything can be said about them."),
    reason: Type.Union([Type.String(), Type.Null()], { description: "Why unavailable." }),
    devices: Type.Array(gpuFigures),
  }),
  process: report("The processor itself.", {
    cpuPercent: amount("CPU time over the window, 100 for one core."),
    cpuLimitCores: amount("Cores that it may use."),
    rssBytes: amount("Resident memory."),
    uptimeSeconds: amount("Since the start."),
  }),
  requests: report("Requests for processing.", {
    active: amount("With a worker now."),
    queued: amount("Waiting for a worker now."),
    queueLimit: amount("More are rejected."),
    accepted: amount("Answered with a picture or tensor, in the window."),
    rejected: amount("Answered 503, in the window."),
    failed: amount("Answered 500 or 504, in the window."),
    invalid: amount("Answered 4xx, in the window."),
    perSecond: amount("Accepted a second, over the window."),
    latencyMs: latency,
    batchSize: report("Of the batches in the window.", { mean: known("Mean."), max: known("Largest.") }),
  }),
  stages: report("Where the time goes.", { queue: stage, decode: stage, inference: stage, encode: stage }),
  workers: report("The threads that work.", {
    total: amount("As configured, or as the CPU limit allows."),
    ready: amount("With the model loaded."),
    busyPercent: amount("Share of the window in which they worked, over all."),
    restarts: amount("Since the start: workers that died and were replaced."),
  }),
  sessions: amount("WebSocket sessions now."),
});

export type UtilizationReport = Static<typeof utilizationReport>;
