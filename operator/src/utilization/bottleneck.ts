/**
 * What limits the throughput of a service, from what its pods report. Pure.
 *
 * | pods report | pressed | then, the first that holds                                            | bottleneck |
 * | ----------- | ------- | --------------------------------------------------------------------- | ---------- |
 * | none        |         |                                                                       | Unknown    |
 * | some        | no      |                                                                       | None       |
 * | some        | yes     | a pod uses 95 % of its memory limit                                   | Memory     |
 * |             |         | 95 % of the GPUs' memory is in use                                    | GpuMemory  |
 * |             |         | the GPUs are above the band of the guide (60-80 %)                    | Gpu        |
 * |             |         | a pod uses 90 % of its CPU limit                                      | Cpu        |
 * |             |         | workers are busy, more with decode and encode than with inference     | Cpu        |
 * |             |         | half of the time is in no stage, and pictures are fetched from others | Upstream   |
 * |             |         | requests wait as long as they are worked on, or the queue is half full | Queue     |
 * |             |         | none of that                                                          | None       |
 *
 * Pressed: requests are refused, the latency is above its target, the queue is half full, or GPUs, CPU or workers are
 * as busy as they can be. An idle service has no bottleneck, whatever its memory holds.
 */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import type { Aggregate } from "./aggregate.ts";

export type Bottleneck = NonNullable<GpuMediaServiceStatus["bottleneck"]>;

export interface BottleneckLimits {
  /** The upper end of the band, in per cent. */
  readonly gpuPercent: number;
  readonly latencyP95Ms: number;
  /** The container's limit; Infinity without one. */
  readonly memoryBytes: number;
  readonly fetchesUpstream: boolean;
}

const nearlyFullPercent = 95;
const busyPercent = 90;
const halfFullPercent = 50;
const refusedPercent = 0.5;

export function bottleneck(figures: Aggregate | undefined, limits: BottleneckLimits): Bottleneck {
  if (figures === undefined) return "Unknown";
  if (!isPressed(figures, limits)) return "None";
  const { queue, decode, inference, encode } = figures.stagesMs;
  const worked = decode + inference + encode;
  if ((100 * figures.rssBytes) / limits.memoryBytes >= nearlyFullPercent) return "Memory";
  if ((figures.gpuMemoryPercent ?? 0) >= nearlyFullPercent) return "GpuMemory";
  if ((figures.gpuPercent ?? 0) > limits.gpuPercent) return "Gpu";
  if (figures.cpuPercent >= busyPercent) return "Cpu";
  if (figures.workersBusyPercent >= busyPercent && decode + encode > inference) return "Cpu";
  if (limits.fetchesUpstream && (figures.latencyP50Ms ?? 0) > 2 * (queue + worked)) return "Upstream";
  if (queue > worked || figures.queueFillPercent >= halfFullPercent) return "Queue";
  return "None";
}

function isPressed(figures: Aggregate, limits: BottleneckLimits): boolean {
  return (
    figures.refusedPercent > refusedPercent ||
    (figures.latencyP95Ms ?? 0) > limits.latencyP95Ms ||
    figures.queueFillPercent >= halfFullPercent ||
    (figures.gpuPercent ?? 0) > limits.gpuPercent ||
    figures.cpuPercent >= busyPercent ||
    figures.workersBusyPercent >= busyPercent
  );
}
