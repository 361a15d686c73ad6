/** PrometheusRule of a service: the guide's queries as recording rules, and alerts on the targets. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import {
  autoscalerAlerts,
  gpuAlerts,
  gpuMetricsAlerts,
  memoryAlerts,
  processorAlerts,
  type AlertRule,
} from "./alerts.ts";
import { child, withLabels } from "./child.ts";
import { gpuRecordingRules, processorRecordingRules, type RecordingRule } from "./recording-rules.ts";
import { kedaAutoscalerName } from "./scaled-object.ts";

interface RuleGroup {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

export function prometheusRule(service: EffectiveService, runbookUrl: string): Manifest | null {
  const { monitoring } = service;
  if (!monitoring.alerts) return null;
  const manifest = child(service, "prometheusRule", {
    spec: { groups: ruleGroups(service, runbookUrl) },
  });
  return withLabels(manifest, monitoring.labels);
}

/** Recording rules precede alerts: a group runs its rules in order. Group names are unique per namespace. */
export function ruleGroups(service: EffectiveService, runbookUrl: string): readonly RuleGroup[] {
  const hasGpus = service.gpu.count > 0;
  const hasGpuMetrics = hasGpus && service.monitoring.dcgm.enabled;
  const group = (name: string, rules: RuleGroup["rules"]): readonly RuleGroup[] =>
    rules.length === 0 ? [] : [{ name: `gpumedia.${service.name}.${name}`, rules }];
  return [
    ...group("processor", [...processorRecordingRules(service), ...processorAlerts(service, runbookUrl)]),
    ...group("gpu", hasGpuMetrics ? [...gpuRecordingRules(service), ...gpuMetricsAlerts(service, runbookUrl)] : []),
    ...group("capacity", [
      ...memoryAlerts(service, runbookUrl),
      ...(hasGpus ? gpuAlerts(service, runbookUrl) : []),
      ...autoscaler(service, runbookUrl),
    ]),
  ];
}

function autoscaler(service: EffectiveService, runbookUrl: string): readonly AlertRule[] {
  const { enabled, provider } = service.autoscaling.horizontal;
  if (!enabled) return [];
  return autoscalerAlerts(service, provider === "KEDA" ? kedaAutoscalerName(service) : service.name, runbookUrl);
}
