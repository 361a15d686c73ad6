/**
 * PrometheusRule of a service whose processor is too old, or another program, and exports no targets: it records them in
 * its stead, so that the shared alerts apply to the service.
 */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child, withLabels } from "./child.ts";
import { processorSelector } from "./promql.ts";
import type { RecordingRule } from "./recording-rules.ts";
import { serviceTargets } from "./service-targets.ts";

export function targetsRule(service: EffectiveService, operatorNamespace: string): Manifest | null {
  if (!service.monitoring.alerts) return null;
  const rules = targetSeries(service, operatorNamespace);
  const manifest = child(service, "prometheusRule", {
    spec: { groups: [{ name: `gpumedia.${service.name}.targets`, rules }] },
  });
  return withLabels(manifest, service.monitoring.labels);
}

/** The series of the processor's `/metrics`, one for the service instead of one for each pod where that suffices. */
export function targetSeries(service: EffectiveService, operatorNamespace: string): readonly RecordingRule[] {
  const { rules, gpuMetrics, latencyP95Seconds, memoryBytes, gpuUtilizationPercent, live } = serviceTargets(
    service,
    operatorNamespace,
  );
  const ofService = { namespace: service.namespace, service: service.name, rules };
  const constant = (name: string, value: number): RecordingRule => ({
    record: `gpumedia_slo_${name}`,
    expr: `vector(${value})`,
    labels: ofService,
  });
  return [
    {
      record: "gpumedia_slo_alerts",
      // Every pod that is scraped has `up`, whatever else its program exports.
      expr: `group by (namespace, pod) (up{${processorSelector(service)}})`,
      labels: { service: service.name, rules },
    },
    constant("gpu_metrics", Number(gpuMetrics)),
    constant("latency_p95_seconds", latencyP95Seconds),
    constant("memory_bytes", memoryBytes),
    constant("gpu_utilization_min_percent", gpuUtilizationPercent.min),
    constant("gpu_utilization_max_percent", gpuUtilizationPercent.max),
    ...(live === undefined
      ? []
      : [
          constant("frame_latency_p95_seconds", live.frameLatencyP95Seconds),
          constant("dropped_frames_percent", live.droppedFramesPercent),
        ]),
  ];
}
