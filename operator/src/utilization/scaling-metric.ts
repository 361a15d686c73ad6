/** Whether the GPUs' utilization is the work of a service, and so which metric its autoscaler reads. Pure. */
import type { GpuMetric } from "../desired/context.ts";
import type { EffectiveService } from "../effective/service.ts";
import { resourceSharing, type GpuSharing } from "./gpu-sharing.ts";
import type { UtilizationReading } from "./reading.ts";

export type SharingReading = Pick<UtilizationReading, "gpuSharing" | "figures" | "pending" | "warmingUp">;

/**
 * How the service's GPUs are shared: from its spec, its pods' reports, or what the status has from an earlier reading.
 * Undefined: each pod has its GPUs alone.
 */
export function serviceSharing(
  { autoscaling, gpu }: Pick<EffectiveService, "autoscaling" | "gpu">,
  reading: SharingReading | undefined,
  written: GpuSharing | undefined,
): GpuSharing | undefined {
  if (gpu.count === 0) return undefined;
  const stated = autoscaling.horizontal.gpuMetric === "Busy" ? "Shared" : undefined;
  const seen =
    reading?.gpuSharing ?? strategySharing[gpu.share.strategy] ?? resourceSharing(gpu.resourceName) ?? stated;
  if (seen !== undefined) return seen;
  // After a restart of the operator, and while no pod reports, the neighbours are not known: the last decision stands.
  const isKnown = reading?.warmingUp === false && reading.figures !== undefined && reading.pending === 0;
  return isKnown ? undefined : written;
}

const strategySharing: Readonly<Record<EffectiveService["gpu"]["share"]["strategy"], GpuSharing | undefined>> = {
  None: undefined,
  TimeSlicing: "TimeSlicing",
  MPS: "MPS",
  Capacity: "Shared",
};

export function gpuMetricOf(sharing: GpuSharing | undefined): GpuMetric {
  return sharing === undefined ? "Utilization" : "Busy";
}
