/** The served metrics of pods, and how each is read from a report. Pure. */
import { gpuMetricNames, liveMetricNames } from "../desired/gpu-metric.ts";
import type { GpuSharing } from "../utilization/gpu-sharing.ts";
import type { TimedSample } from "../utilization/window.ts";

/** Null: not reported, so that the value is missing rather than zero. */
type Read = (sample: TimedSample, sharing: GpuSharing | undefined) => number | null;

export const podMetrics: ReadonlyMap<string, Read> = new Map<string, Read>([
  // With a figure of the whole GPU, also the neighbours' work would scale this service.
  [gpuMetricNames.Utilization, ({ gpuPercent }, sharing) => (sharing === undefined ? gpuPercent : null)],
  [gpuMetricNames.Busy, ({ workersBusyPercent }) => workersBusyPercent],
  [liveMetricNames.sessions, ({ live }) => live?.sessions ?? null],
  [liveMetricNames.dropped, ({ live }) => live?.droppedPercent ?? null],
  ["gpumedia_queue_depth", ({ queued }) => queued],
  ["gpumedia_active_sessions", ({ sessions, active }) => sessions + active],
  ["gpumedia_p95_milliseconds", ({ p95Ms }) => p95Ms],
]);

export interface PodMetric {
  readonly pod: { readonly name: string; readonly namespace: string };
  readonly value: number;
  readonly sampledAtWallMs: number;
  readonly windowSeconds: number;
}

/** Formats a `resource.Quantity` with up to three decimals. */
export function quantity(value: number): string {
  const thousandths = Math.round(value * 1_000);
  return thousandths % 1_000 === 0 ? String(thousandths / 1_000) : `${thousandths}m`;
}
