/** All that a status says of utilization, from what the pods report and from what it said before. */
import { durationMs, quantityValue, type GpuMediaServiceStatus } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { bottleneck, type Bottleneck } from "../utilization/bottleneck.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import type { Verdict } from "./condition.ts";
import { utilizationFigures, type UtilizationFigures } from "./utilization-figures.ts";
import { metricsReporting, sloMet } from "./utilization-verdicts.ts";

export interface UtilizationStatus {
  readonly utilization: UtilizationFigures;
  readonly bottleneck: Bottleneck;
  readonly MetricsReporting: Verdict;
  readonly SloMet: Verdict;
}

export interface UtilizationQuestion {
  readonly service: EffectiveService;
  readonly reading: UtilizationReading;
  readonly before: GpuMediaServiceStatus | undefined;
}

/**
 * What was said stays while the operator has only just started, and for a minute after it was written unless a condition
 * changes: then the figures beside it are of the same moment.
 */
export function utilizationStatus({ service, reading, before }: UtilizationQuestion): UtilizationStatus {
  const said = sayings(before);
  // Of pods that nobody had heard of before the restart, the first report is news.
  if (said !== undefined && reading.warmingUp && said.MetricsReporting.status !== "Unknown") return said;
  // The first figures stand for a minute: they are to be those of all pods, not of the one that was asked first.
  if (reading.pending > 0 && (said === undefined || said.MetricsReporting.status === "Unknown")) {
    return judge(service, { ...reading, figures: undefined }, said, said?.utilization);
  }
  const now = judge(service, reading, said, said?.utilization);
  if (said === undefined) return now;
  // By its reason: "no pod is ready" beside pods that are ready would be wrong for a minute.
  if (said.MetricsReporting.reason !== now.MetricsReporting.reason || said.SloMet.status !== now.SloMet.status) {
    return judge(service, reading, said, undefined);
  }
  return reading.mayMove ? now : said;
}

function judge(
  service: EffectiveService,
  reading: UtilizationReading,
  said: UtilizationStatus | undefined,
  shown: UtilizationFigures | undefined,
): UtilizationStatus {
  const { figures } = reading;
  const { slo, processing, resources } = service;
  const utilization = utilizationFigures(figures, service, shown);
  return {
    utilization,
    bottleneck: bottleneck(figures, {
      gpuPercent: slo.gpuUtilization.max,
      latencyP95Ms: durationMs(slo.latencyP95),
      memoryBytes: resources.limits.memory === undefined ? Infinity : quantityValue(resources.limits.memory),
      fetchesUpstream: processing.upstream.allowedHosts.length > 0,
    }),
    MetricsReporting: metricsReporting(reading),
    SloMet: sloMet({ figures, service, before: said?.SloMet.status, shown: utilization }),
  };
}

/** What a status says already; undefined when it is one from before there was anything to say. */
export function sayings(before: GpuMediaServiceStatus | undefined): UtilizationStatus | undefined {
  const verdict = (type: string): Verdict | undefined => {
    const found = before?.conditions?.find((one) => one.type === type);
    return found && { status: found.status, reason: found.reason, message: found.message };
  };
  const [MetricsReporting, SloMet] = [verdict("MetricsReporting"), verdict("SloMet")];
  if (before?.utilization === undefined || MetricsReporting === undefined || SloMet === undefined) return undefined;
  return { utilization: before.utilization, bottleneck: before.bottleneck ?? "Unknown", MetricsReporting, SloMet };
}
