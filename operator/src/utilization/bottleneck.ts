/**
 * What limits the throughput of a service, from what its pods report. Pure.
 *
 * | pods report | pressed | then, the first that holds                                            | bottleneck |
 * | ----------- | ------- | --------------------------------------------------------------------- | ---------- |
 * | none        |         |                                                                       | Unknown    |
 * | some        |         | one pod is busy while another idles                                   | Skew       |
 * | some        | no      |                                                                       | None       |
 * | some        | yes     | a pod uses 95 % of its memory limit                                   | Memory     |
 * |             |         | 95 % of a GPU's memory is in use, by whichever process                | GpuMemory  |
 * |             |         | the GPUs are above the band of the guide (60-80 %)                    | Gpu        |
 * |             |         | a pod uses 90 % of its CPU limit                                      | Cpu        |
 * |             |         | workers are busy, more with decode and encode than with inference     | Cpu        |
 * |             |         | half of the time is in no stage, and images are fetched from other hosts | Upstream |
 * |             |         | requests wait longer than their processing takes, or the queue is half full | Queue |
 * |             |         | none of that                                                          | None       |
 *
 * Pressed: requests are refused, the latency is above its target, the queue is half full, or GPUs, CPU or workers are
 * saturated. An idle service has no bottleneck, even with its memory full. The exception is a shared GPU whose memory is
 * full: the next allocation of any of its processes fails.
 *
 * The utilization of a shared GPU includes the neighbours' work, and a MIG device has none. There, the workers' busy share
 * takes its place, and the limit is the GPU only if they are busy with inference.
 */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { gpuLoad, type Aggregate } from "./aggregate.ts";
import type { UtilizationReading } from "./reading.ts";

export type Bottleneck = NonNullable<GpuMediaServiceStatus["bottleneck"]>;

export interface BottleneckLimits {
  /** The upper end of the band, in %. */
  readonly gpuPercent: number;
  readonly latencyP95Ms: number;
  /** The limit of the container; Infinity without one. */
  readonly memoryBytes: number;
  readonly fetchesUpstream: boolean;
  /** The GPUs' utilization is not the work of the service, or unknown. */
  readonly sharesGpus: boolean;
  /** One pod is busy while another idles: the averages hide it. */
  readonly isSkewed: boolean;
}

const nearlyFullPercent = 95;
const busyPercent = 90;
const halfFullPercent = 50;
const refusedPercent = 0.5;

/** `reading`: the mean of a minute, and the latest reports, which show new load before the mean does. */
export function bottleneck(
  reading: Pick<UtilizationReading, "figures" | "latest">,
  limits: BottleneckLimits,
): Bottleneck {
  if (reading.figures === undefined) return "Unknown";
  if (limits.isSkewed) return "Skew";
  const figures = atBusiest(reading.figures, reading.latest);
  const gpuMemoryIsFull = (figures.fullestGpuPercent ?? 0) >= nearlyFullPercent;
  if (!isPressed(figures, limits) && !(gpuMemoryIsFull && limits.sharesGpus)) return "None";
  const { queue, decode, inference, encode } = figures.stagesMs;
  const worked = decode + inference + encode;
  if ((100 * figures.rssBytes) / limits.memoryBytes >= nearlyFullPercent) return "Memory";
  if (gpuMemoryIsFull) return "GpuMemory";
  const gpuMayLimit = !limits.sharesGpus || inference >= decode + encode;
  if (gpuMayLimit && (gpuLoad(figures, limits.sharesGpus) ?? 0) > limits.gpuPercent) return "Gpu";
  if (figures.cpuPercent >= busyPercent) return "Cpu";
  if (figures.workersBusyPercent >= busyPercent && decode + encode > inference) return "Cpu";
  if (limits.fetchesUpstream && (figures.latencyP50Ms ?? 0) > 2 * (queue + worked)) return "Upstream";
  if (queue > worked || figures.queueFillPercent >= halfFullPercent) return "Queue";
  return "None";
}

/** The mean lags behind new load: GPUs that are saturated by now would seem idle, and the queue without a cause. */
function atBusiest(mean: Aggregate, latest: Aggregate = mean): Aggregate {
  return {
    ...mean,
    gpuPercent: mean.gpuPercent === null ? latest.gpuPercent : Math.max(mean.gpuPercent, latest.gpuPercent ?? 0),
    cpuPercent: Math.max(mean.cpuPercent, latest.cpuPercent),
    workersBusyPercent: Math.max(mean.workersBusyPercent, latest.workersBusyPercent),
  };
}

function isPressed(figures: Aggregate, limits: BottleneckLimits): boolean {
  return (
    figures.refusedPercent > refusedPercent ||
    (figures.latencyP95Ms ?? 0) > limits.latencyP95Ms ||
    figures.queueFillPercent >= halfFullPercent ||
    (gpuLoad(figures, limits.sharesGpus) ?? 0) > limits.gpuPercent ||
    figures.cpuPercent >= busyPercent ||
    figures.workersBusyPercent >= busyPercent
  );
}
