/** The part of a processor's report that is kept: numbers, each bounded, because a pod may send anything. Pure. */
import { utilizationReport, type UtilizationReport } from "@gpumedia/api";
import { quickCompile } from "@gpumedia/api/src/schema/quick-compile.ts";
import { Ajv, type ValidateFunction } from "ajv";
import { highest, mean, sum } from "./known.ts";

/** One report. Rates and counts cover the processor's own window, at most 15 s. Null: not known. */
export interface Sample {
  readonly windowSeconds: number;
  /** Mean over the pod's GPUs, 0 to 100. */
  readonly gpuPercent: number | null;
  readonly gpuMemoryPercent: number | null;
  readonly gpuTemperatureCelsius: number | null;
  readonly gpuPowerWatts: number | null;
  /** Those that can be read. */
  readonly gpus: readonly SampledGpu[];
  /** Of the CPU limit. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  readonly active: number;
  readonly queued: number;
  readonly queueLimit: number;
  readonly accepted: number;
  readonly rejected: number;
  readonly failed: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  /** Mean milliseconds of an accepted request in each stage. */
  readonly stagesMs: Readonly<Record<Stage, number | null>>;
  /** Share of the time that the worker threads were busy, 0 to 100. */
  readonly workersBusyPercent: number;
  /** Open WebSocket streams and sessions of live video. */
  readonly sessions: number;
  /** Null: it is off, or the processor is too old for it. */
  readonly live: SampledLive | null;
  /** A GPU that the processor cannot read any longer, and NVML's error: `GPU 0 (GPU-…): …`. Null: all can be read. */
  readonly lostGpu: string | null;
  /** The pod exports the targets of its service as metrics. */
  readonly exportsTargets: boolean;
}

export interface SampledLive {
  readonly sessions: number;
  /** Sessions whose video goes through the model. */
  readonly publishers: number;
  readonly sessionLimit: number;
  readonly framesPerSecond: number;
  readonly droppedPercent: number;
  readonly roundTripMs: number | null;
  readonly p95Ms: number | null;
}

export interface SampledGpu {
  /** `GPU-…` or `MIG-…`. */
  readonly uuid: string | null;
  readonly isMig: boolean;
  /** NVML has a utilization for it. */
  readonly isMeasured: boolean;
  /** Of all processes that use it, not only this pod's. */
  readonly memoryPercent: number | null;
}

export type Stage = keyof UtilizationReport["stages"];

/** Why there is no report; the predicate of a sentence whose subject is the pod. */
export interface NoReport {
  readonly problem: string;
}

// Compiled on first use: this would be a quarter of the CPU time of a start.
let validate: ValidateFunction<UtilizationReport> | undefined;

/** Unknown members are allowed: a newer processor may report more. Ajv rejects Infinity (1e999 in JSON). */
function compile(): ValidateFunction<UtilizationReport> {
  return new Ajv({ strict: false, strictNumbers: true, ...quickCompile }).compile<UtilizationReport>(utilizationReport);
}

export function readReport(body: string): Sample | NoReport {
  const report = parseReport(body);
  return "problem" in report ? report : sampleOf(report);
}

/** Returns the complete report with unbounded numbers. */
export function parseReport(body: string): UtilizationReport | NoReport {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { problem: "sends invalid JSON" };
  }
  validate ??= compile();
  if (validate(value)) return value;
  const [first] = validate.errors ?? [];
  return { problem: `sends an invalid report: ${first?.instancePath ?? ""} ${first?.message ?? ""}`.slice(0, 120) };
}

export function sampleOf({ gpus, process, requests, stages, ...report }: UtilizationReport): Sample {
  const devices = gpus.devices.filter(({ unavailable }) => unavailable === null);
  return {
    windowSeconds: Math.min(report.windowSeconds, 15),
    gpuPercent: percent(mean(devices.map(({ utilizationPercent }) => utilizationPercent))),
    gpuMemoryPercent: memoryPercent(devices),
    gpuTemperatureCelsius: bounded(highest(devices.map(({ temperatureCelsius }) => temperatureCelsius))),
    gpuPowerWatts: bounded(sum(devices.map(({ powerWatts }) => powerWatts))),
    gpus: devices.slice(0, maxGpus).map((device) => ({
      uuid: device.uuid?.slice(0, maxUuidLength) ?? null,
      isMig: device.migIndex !== null,
      isMeasured: device.utilizationPercent !== null,
      memoryPercent: memoryPercent([device]),
    })),
    cpuPercent: process.cpuLimitCores > 0 ? bounded(process.cpuPercent / process.cpuLimitCores) : 0,
    rssBytes: bounded(process.rssBytes, Number.MAX_SAFE_INTEGER),
    active: bounded(requests.active),
    queued: bounded(requests.queued),
    queueLimit: bounded(requests.queueLimit),
    accepted: bounded(requests.accepted),
    rejected: bounded(requests.rejected),
    failed: bounded(requests.failed),
    requestsPerSecond: bounded(requests.perSecond),
    p50Ms: bounded(requests.latencyMs.p50),
    p95Ms: bounded(requests.latencyMs.p95),
    stagesMs: {
      queue: bounded(stages.queue.mean),
      decode: bounded(stages.decode.mean),
      inference: bounded(stages.inference.mean),
      encode: bounded(stages.encode.mean),
    },
    workersBusyPercent: percent(report.workers.busyPercent),
    sessions: bounded(report.sessions + (report.live?.sessions ?? 0)),
    live: report.live === undefined ? null : sampledLive(report.live),
    lostGpu: lostGpu(gpus.devices),
    exportsTargets: report.targets === true,
  };
}

function sampledLive(live: NonNullable<UtilizationReport["live"]>): SampledLive {
  return {
    sessions: bounded(live.sessions),
    publishers: bounded(live.publishers),
    sessionLimit: bounded(live.sessionLimit),
    framesPerSecond: bounded(live.framesPerSecond),
    droppedPercent: percent(100 * live.droppedShare),
    roundTripMs: bounded(live.roundTripMs ?? null),
    p95Ms: bounded(live.latencyMs.p95),
  };
}

/** A pod may send as many GPUs as fit into a report, with names of any length: 16 GPUs with seven MIG devices each are the most. */
const maxGpus = 112;
const maxUuidLength = 80;

function memoryPercent(devices: UtilizationReport["gpus"]["devices"]): number | null {
  const total = sum(devices.map(({ memoryTotalBytes }) => memoryTotalBytes));
  const used = sum(devices.map(({ memoryUsedBytes }) => memoryUsedBytes));
  return total && used !== null ? percent((100 * used) / total) : null;
}

/** As long as NVML's errors are; the text of a pod may be of any length and have any characters. */
const maxErrorLength = 160;

function lostGpu(devices: UtilizationReport["gpus"]["devices"]): string | null {
  const lost = devices.find(({ unavailable }) => unavailable !== null);
  if (lost === undefined) return null;
  const uuid = lost.uuid === null ? "" : ` (${lost.uuid})`;
  return `GPU ${lost.index}${uuid}: ${lost.unavailable ?? ""}`.replaceAll(/[^ -~]/g, " ").slice(0, maxErrorLength);
}

/** An absurd figure of one pod must neither overflow a sum nor make the API server reject the status. */
function bounded<T extends number | null>(value: T, max = 1_000_000): T {
  return (value === null ? null : Math.min(value, max)) as T;
}

function percent<T extends number | null>(value: T): T {
  return bounded(value, 100);
}
