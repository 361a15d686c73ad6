/** PrometheusRule that services share: the guide's queries as recording rules, and alerts on each service's own targets. */
import type { Manifest } from "../kube/object.ts";
import { capacityAlerts, gpuMetricsAlerts, liveAlerts, processorAlerts, type AlertRule } from "./alerts.ts";
import {
  gpuRecordingRules,
  liveRecordingRules,
  processorRecordingRules,
  targetRules,
  type RecordingRule,
  type RuleScope,
} from "./recording-rules.ts";
import type { SharedPlace } from "./rule-set.ts";
import { sharedObject } from "./shared-object.ts";

interface RuleGroup {
  readonly name: string;
  readonly rules: readonly (RecordingRule | AlertRule)[];
}

export function sharedRules(place: SharedPlace, scope: RuleScope, runbookUrl: string): Manifest {
  return sharedObject("monitoring.coreos.com/v1", "PrometheusRule", place, {
    spec: { groups: sharedRuleGroups(scope, runbookUrl) },
  });
}

/** Recording rules precede alerts: a group runs its rules in order. */
export function sharedRuleGroups(scope: RuleScope, runbookUrl: string): readonly RuleGroup[] {
  return [
    { name: "gpumedia.targets", rules: targetRules(scope) },
    {
      name: "gpumedia.processor",
      rules: [...processorRecordingRules(scope), ...processorAlerts(scope, runbookUrl)],
    },
    { name: "gpumedia.live", rules: [...liveRecordingRules(scope), ...liveAlerts(scope, runbookUrl)] },
    { name: "gpumedia.gpu", rules: [...gpuRecordingRules(scope), ...gpuMetricsAlerts(scope, runbookUrl)] },
    { name: "gpumedia.capacity", rules: capacityAlerts(scope, runbookUrl) },
  ];
}
