/** What a status contains about utilization, from the pods' reports and from the status that is written. */
import { durationMs, quantityValue, type GpuMediaServiceStatus } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import type { Aggregate } from "../utilization/aggregate.ts";
import { bottleneck, type Bottleneck } from "../utilization/bottleneck.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import { serviceSharing } from "../utilization/scaling-metric.ts";
import { skewOf } from "../utilization/skew.ts";
import type { Verdict } from "./condition.ts";
import { utilizationFigures, type UtilizationFigures } from "./utilization-figures.ts";
import { metricsReporting, sloMet } from "./utilization-verdicts.ts";

export interface UtilizationStatus {
  readonly utilization: NonNullable<GpuMediaServiceStatus["utilization"]>;
  readonly bottleneck: Bottleneck;
  readonly MetricsReporting: Verdict;
  readonly SloMet: Verdict;
}

export interface UtilizationInput {
  readonly service: EffectiveService;
  readonly reading: UtilizationReading;
  readonly before: GpuMediaServiceStatus | undefined;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * The written status stays while the operator warms up, and for a minute after it was written. Two changes do not wait:
 * a condition that changes, so that the figures beside it are of the same moment, and a service that becomes idle.
 */
export function utilizationStatus(input: UtilizationInput): UtilizationStatus {
  const { reading, before } = input;
  const written = writtenUtilization(before);
  const known = written !== undefined && written.MetricsReporting.status !== "Unknown";
  // A status without figures has nothing to keep.
  if (known && reading.warmingUp) return written;
  // The first figures stand for a minute, so they wait for the reports of all pods.
  if (reading.pending > 0 && !known) {
    return judge({ ...input, reading: { ...reading, figures: undefined } }, written, written?.utilization);
  }
  const current = judge(input, written, written?.utilization);
  if (written === undefined) return current;
  // MetricsReporting is compared by its reason: "no pod is ready" beside ready pods would be wrong for a minute.
  const changes =
    written.MetricsReporting.reason !== current.MetricsReporting.reason ||
    written.SloMet.status !== current.SloMet.status ||
    // The autoscaler's metric changes at once.
    written.utilization.gpuSharing !== current.utilization.gpuSharing ||
    becomesIdle(written.utilization, reading);
  if (changes) return judge(input, written, undefined);
  return reading.mayMove ? current : written;
}

function judge(
  { service, reading, now }: UtilizationInput,
  written: UtilizationStatus | undefined,
  /** The figures that stay unless they have moved; undefined: all are exact. */
  settled: UtilizationFigures | undefined,
): UtilizationStatus {
  const { figures, latest } = reading;
  const { slo, processing, resources } = service;
  // The mean still contains the load that has ended.
  const current = figures !== undefined && isIdle(latest) ? latest : figures;
  const gpuSharing = serviceSharing(service, reading, written?.utilization.gpuSharing);
  const { sharedGpus } = reading;
  const sharesGpus = gpuSharing !== undefined;
  const skew = skewOf(reading.loads, slo.gpuUtilization.max, written?.SloMet.reason === "LoadSkewed");
  const shown = utilizationFigures(current, service, settled, { gpuSharing, sharedGpus });
  return {
    utilization: observed(shown, written?.utilization, now),
    bottleneck: bottleneck(
      { figures: current, latest },
      {
        gpuPercent: slo.gpuUtilization.max,
        latencyP95Ms: durationMs(slo.latencyP95),
        memoryBytes: resources.limits.memory === undefined ? Infinity : quantityValue(resources.limits.memory),
        fetchesUpstream: processing.upstream.allowedHosts.length > 0,
        sharesGpus,
        isSkewed: skew !== undefined,
      },
    ),
    MetricsReporting: metricsReporting(reading),
    SloMet: sloMet({ figures, service, before: written?.SloMet.status, shown, sharesGpus, skew }),
  };
}

function isIdle(latest: Aggregate | undefined): latest is Aggregate {
  if (latest === undefined) return false;
  const { requestsPerSecond, queueDepth, activeSessions, refusedPercent } = latest;
  return [requestsPerSecond, queueDepth, activeSessions, refusedPercent].every((figure) => figure === 0);
}

function becomesIdle({ requestsPerSecond = 0 }: UtilizationFigures, { latest }: UtilizationReading): boolean {
  return requestsPerSecond > 0 && isIdle(latest);
}

/** Figures that have not changed keep their time: a time alone is not worth a write. */
function observed(
  figures: UtilizationFigures,
  before: UtilizationStatus["utilization"] | undefined,
  now: string,
): UtilizationStatus["utilization"] {
  const { observedTime: _time, ...previous } = before ?? {};
  return before !== undefined && digest(previous) === digest(figures) ? before : { observedTime: now, ...figures };
}

/** The part of a written status that `utilizationStatus` computes; undefined when it has none yet. */
export function writtenUtilization(before: GpuMediaServiceStatus | undefined): UtilizationStatus | undefined {
  const verdict = (type: string): Verdict | undefined => {
    const found = before?.conditions?.find((one) => one.type === type);
    return found && { status: found.status, reason: found.reason, message: found.message };
  };
  const [MetricsReporting, SloMet] = [verdict("MetricsReporting"), verdict("SloMet")];
  if (before?.utilization === undefined || MetricsReporting === undefined || SloMet === undefined) return undefined;
  return { utilization: before.utilization, bottleneck: before.bottleneck ?? "Unknown", MetricsReporting, SloMet };
}
