/**
 * `slo.json`: the targets of a service, which each pod exports as `gpumedia_slo_…` for the alerts that all services share.
 * The operator writes the file beside the processor's configuration; a processor that is too old for it ignores it.
 */
import { Type, type Static } from "typebox";
import { amount, flag } from "./schema/scalars.ts";

export const targetsFileName = "slo.json";

// Unknown members are allowed: the operator may be newer than the pod's image.
export const serviceTargets = Type.Object(
  {
    service: Type.String({ description: "Name of the GpuMediaService.", minLength: 1, maxLength: 63 }),
    rules: Type.String({
      description: "The PrometheusRule whose alerts apply to the service: namespace/name.",
      minLength: 1,
      maxLength: 512,
    }),
    alerts: flag("Whether the service's alerts are on."),
    gpuMetrics: flag("Whether GPU metrics of the DCGM exporter are expected."),
    latencyP95Seconds: amount("Target for the 95th percentile of latency, in seconds."),
    memoryBytes: amount("Maximum memory usage of a pod, in bytes."),
    gpuUtilizationPercent: Type.Object(
      { min: amount("Lower end of the band, in percent."), max: amount("Upper end of the band, in percent.") },
      { description: "Target band of GPU utilization." },
    ),
    live: Type.Optional(
      Type.Object(
        {
          frameLatencyP95Seconds: amount("Target for the 95th percentile of a frame's latency, in seconds."),
          droppedFramesPercent: amount("Maximum share of dropped frames, in percent."),
        },
        { description: "Targets of live video. Absent: it is off." },
      ),
    ),
  },
  { description: "The targets of a service." },
);

export type ServiceTargets = Static<typeof serviceTargets>;
