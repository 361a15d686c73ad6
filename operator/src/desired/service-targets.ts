/** The targets that a service's pods export: `slo.json` beside the processor's configuration. */
import { durationMs, quantityValue, type ServiceTargets } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { placeKey, rulesPlace } from "./rule-set.ts";

export function serviceTargets(service: EffectiveService, operatorNamespace: string): ServiceTargets {
  const { name, monitoring, slo, gpu } = service;
  const { min, max } = slo.gpuUtilization;
  return {
    service: name,
    rules: placeKey(rulesPlace(service, operatorNamespace)),
    alerts: monitoring.alerts,
    gpuMetrics: gpu.count > 0 && monitoring.dcgm.enabled,
    latencyP95Seconds: durationMs(slo.latencyP95) / 1000,
    memoryBytes: quantityValue(slo.memory),
    gpuUtilizationPercent: { min, max },
  };
}
