/** The targets of the service as metrics, so that the alerts of all services are one set of rules. */
import type { ServiceTargets } from "@gpumedia/api/src/service-targets.ts";
import { Gauge, type Registry } from "prom-client";

const labelNames = ["service", "rules"] as const;

/** Reads the targets at each scrape: they have no series outside a GpuMediaService. */
export function targetGauges(registry: Registry, targets: () => Promise<ServiceTargets | undefined>): void {
  let reading: Promise<ServiceTargets | undefined> | undefined;
  // A scrape collects all gauges at the same time: they read the file once, and hold the targets of one moment.
  const read = (): Promise<ServiceTargets | undefined> =>
    (reading ??= targets().finally(() => {
      reading = undefined;
    }));
  for (const [name, help, value] of gauges) {
    const gauge: Gauge<(typeof labelNames)[number]> = new Gauge({
      name,
      help,
      labelNames,
      registers: [registry],
      async collect() {
        const known = await read();
        // Only now: another scrape that began meanwhile would find no series.
        gauge.reset();
        const target = known === undefined ? undefined : value(known);
        if (known !== undefined && target !== undefined)
          gauge.set({ service: known.service, rules: known.rules }, target);
      },
    });
  }
}

const gauges: readonly (readonly [
  name: string,
  help: string,
  value: (targets: ServiceTargets) => number | undefined,
])[] = [
  ["gpumedia_slo_alerts", "1 if the alerts of the service are on", ({ alerts }) => Number(alerts)],
  ["gpumedia_slo_gpu_metrics", "1 if GPU metrics are expected", ({ gpuMetrics }) => Number(gpuMetrics)],
  ["gpumedia_slo_latency_p95_seconds", "Target of the p95 of latency", ({ latencyP95Seconds }) => latencyP95Seconds],
  ["gpumedia_slo_memory_bytes", "Target of a pod's memory", ({ memoryBytes }) => memoryBytes],
  [
    "gpumedia_slo_gpu_utilization_min_percent",
    "Lower end of the target band of GPU utilization",
    ({ gpuUtilizationPercent: { min } }) => min,
  ],
  [
    "gpumedia_slo_gpu_utilization_max_percent",
    "Upper end of the target band of GPU utilization",
    ({ gpuUtilizationPercent: { max } }) => max,
  ],
  [
    "gpumedia_slo_frame_latency_p95_seconds",
    "Target of the p95 of a frame's latency",
    ({ live }) => live?.frameLatencyP95Seconds,
  ],
  ["gpumedia_slo_dropped_frames_percent", "Maximum share of dropped frames", ({ live }) => live?.droppedFramesPercent],
];
