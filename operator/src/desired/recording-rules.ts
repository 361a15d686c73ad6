/** Recording rules of a service: the alerts' queries, evaluated once per interval. */
import type { EffectiveService } from "../effective/service.ts";
import {
  gpuClockReasons,
  gpuLastXid,
  gpuMemoryUsed,
  gpuPowerUsage,
  gpuTemperature,
  gpuUtilization,
} from "./gpu-queries.ts";
import { processorSelector } from "./promql.ts";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** The recorded series. Names follow Prometheus' level:metric:operation. */
export const recorded = {
  gpuUtilization: "gpumedia:gpu_utilization:percent",
  gpuMemoryUsed: "gpumedia:gpu_memory_used:percent",
  gpuTemperature: "gpumedia:gpu_temperature:celsius",
  gpuPowerUsage: "gpumedia:gpu_power_usage:watts",
  gpuLastXid: "gpumedia:gpu_xid:last",
  gpuClockReasons: "gpumedia:gpu_clock_reasons:bits",
  processingP95: "gpumedia:gpu_processing_seconds:p95",
  requestRate: "gpumedia:requests:rate5m",
  rejectionRatio: "gpumedia:rejections:ratio5m",
} as const;

/** The guide's queries (section GPU Metrics), for services that have GPUs. */
export function gpuRecordingRules(service: EffectiveService): readonly RecordingRule[] {
  return [
    rule(service, recorded.gpuUtilization, gpuUtilization(service)),
    rule(service, recorded.gpuMemoryUsed, gpuMemoryUsed(service)),
    rule(service, recorded.gpuTemperature, gpuTemperature(service)),
    rule(service, recorded.gpuPowerUsage, gpuPowerUsage(service)),
    rule(service, recorded.gpuLastXid, gpuLastXid(service)),
    rule(service, recorded.gpuClockReasons, gpuClockReasons(service)),
  ];
}

/** The processor's own metrics (guide, Application Metrics). */
export function processorRecordingRules(service: EffectiveService): readonly RecordingRule[] {
  const of = processorSelector(service);
  const requests = `sum(rate(gpumedia_requests_total{${of}}[5m]))`;
  // Summed before the division: `or vector(0)` is the value of a service that has rejected nothing yet.
  const rejected = `(sum(rate(gpumedia_requests_total{${of},outcome="rejected"}[5m])) or vector(0))`;
  return [
    rule(
      service,
      recorded.processingP95,
      `histogram_quantile(0.95, sum by (le) (rate(gpu_processing_seconds_bucket{${of}}[5m])))`,
    ),
    rule(service, recorded.requestRate, requests),
    rule(service, recorded.rejectionRatio, `${rejected} / (${requests} > 0)`),
  ];
}

function rule(service: EffectiveService, record: string, expr: string): RecordingRule {
  return { record, expr, labels: { namespace: service.namespace, service: service.name } };
}
