/** What autoscalers compare the metrics of live video with, on average over the pods. */
import type { EffectiveService } from "../effective/service.ts";
import { liveMetricNames } from "./gpu-metric.ts";

export interface LiveTarget {
  readonly metric: (typeof liveMetricNames)[keyof typeof liveMetricNames];
  /** A quantity as the API server stores it. */
  readonly target: string;
}

/** None without live video, and where the spec disables them. */
export function liveTargets({
  live,
  autoscaling,
}: Pick<EffectiveService, "live" | "autoscaling">): readonly LiveTarget[] {
  const { liveSessionsPercent, droppedFramesPercent } = autoscaling.horizontal;
  if (!live.enabled) return [];
  return [
    ...(liveSessionsPercent === 0
      ? []
      : [{ metric: liveMetricNames.sessions, target: hundredths(live.limits.sessions * liveSessionsPercent) }]),
    ...(droppedFramesPercent === 0 ? [] : [{ metric: liveMetricNames.dropped, target: String(droppedFramesPercent) }]),
  ];
}

/** `15`, or `3750m` */
function hundredths(value: number): string {
  return value % 100 === 0 ? String(value / 100) : `${value * 10}m`;
}
