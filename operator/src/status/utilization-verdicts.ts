/** MetricsReporting and SloMet: what the processors report of themselves. */
import { unknown, type Verdict } from "./condition.ts";
import type { Observation } from "./observation.ts";

export type MetricsReportingReason = "NotReportedYet";
export type SloMetReason = "NotReportedYet";

export function metricsReporting(_observation: Observation): Verdict<MetricsReportingReason> {
  return unknown("NotReportedYet", "no pod has reported its utilization yet");
}

export function sloMet(_observation: Observation): Verdict<SloMetReason> {
  return unknown("NotReportedYet", "no pod has reported its utilization yet");
}
