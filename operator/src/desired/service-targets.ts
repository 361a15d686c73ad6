/** The targets that a service's pods export: `slo.json` beside the processor's configuration. */
import { durationMs, quantityValue, type ServiceTargets } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { placeKey, rulesPlace } from "./rule-set.ts";

export function serviceTargets(service: EffectiveService, operatorNamespace: string): ServiceTargets {
  const { name, monitoring, slo, gpu, live } = service;
  const { min, max } = slo.gpuUtilization;
  return {
    service: name,
    rules: placeKey(rulesPlace(service, operatorNamespace)),
    alerts: monitoring.alerts,
    gpuMetrics: gpu.count > 0 && monitoring.dcgm.enabled,
    latencyP95Seconds: durationMs(slo.latencyP95) / 1000,
    memoryBytes: quantityValue(slo.memory),
    gpuUtilizationPercent: { min, max },
    // Omitted without live video, as older operators did: an upgrade rewrites no ConfigMap.
    ...(live.enabled
      ? {
          live: {
            frameLatencyP95Seconds: durationMs(slo.frameLatencyP95) / 1000,
            droppedFramesPercent: slo.droppedFramesPercent,
          },
        }
      : {}),
  };
}
