/** MetricsReporting and SloMet: do the processors report, and does what they report meet the guide's targets? */
import { durationMs, quantityValue } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Aggregate } from "../utilization/aggregate.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import type { UtilizationFigures } from "./utilization-figures.ts";

export type MetricsReportingReason = "NotReportedYet" | "NoPodServes" | "PodsReport" | "SomePodsSilent" | "PodsSilent";

export type SloMetReason =
  | "NotReportedYet"
  | "TooLittleTraffic"
  | "TargetsMet"
  | "LatencyAboveTarget"
  | "RequestsRefused"
  | "MemoryAboveTarget"
  | "ThroughputBelowTarget";

type Reading = Pick<UtilizationReading, "asked" | "silent" | "figures">;

/** MetricsReporting: does every ready pod report its utilization? Scaling on GPU utilization rests on it. */
export function metricsReporting({ asked, silent, figures }: Reading): Verdict<MetricsReportingReason> {
  if (asked === 0) return unknown("NoPodServes", "no pod is ready, so none is asked for its utilization");
  if (silent.length > 0) {
    const named = silent.slice(0, 3).map(({ name, problem }) => `${name} ${problem}`);
    const more = silent.length > named.length ? `, and ${silent.length - named.length} more` : "";
    const message = `${silent.length} of ${asked} pods do not report their utilization: ${named.join(", ")}${more}`;
    return isFalse(silent.length === asked ? "PodsSilent" : "SomePodsSilent", message);
  }
  if (figures === undefined) return unknown("NotReportedYet", "no pod has reported its utilization yet");
  // Not of how many: pods come and go with the load, and each would be a write.
  return isTrue("PodsReport", "all ready pods report their utilization");
}

/** A percentile of fewer answers says nothing; once it says something, half as many are enough to go on. */
const enoughRequests = 40;
const stillEnoughRequests = 20;
/** A target that was missed is met again when there is some room: at the target itself it would change all the time. */
const room = 0.9;
/** More than these refused are a failure, however fast the others were. In per cent. */
const refusedPercent = 1;

interface SloQuestion {
  readonly figures: Aggregate | undefined;
  readonly service: Pick<EffectiveService, "slo" | "gpu">;
  /** The condition's status now: what hysteresis depends on. It is in the API server, so that a restart changes nothing. */
  readonly before: Verdict["status"] | undefined;
  /** The figures as they are shown, for the message. */
  readonly shown: UtilizationFigures;
}

/** SloMet: are the targets of `spec.slo` met? Unknown when there is too little traffic to say. */
export function sloMet({ figures, service: { slo, gpu }, before, shown }: SloQuestion): Verdict<SloMetReason> {
  if (figures === undefined) return unknown("NotReportedYet", "no pod reports its utilization");
  const was = before ?? "Unknown";
  const least = was === "Unknown" ? enoughRequests : stillEnoughRequests;
  const answered = figures.latencyP95Ms !== null && figures.accepted >= least;
  const refused = figures.refusedPercent;
  const limit = (target: number): number => (was === "False" ? target * room : target);
  if (refused > limit(refusedPercent) && (figures.accepted > 0 || refused === 100)) {
    return isFalse("RequestsRefused", `${Math.round(refused)} % of the requests fail or are refused`);
  }
  const memory = quantityValue(slo.memory);
  if (figures.rssBytes > limit(memory)) {
    return isFalse("MemoryAboveTarget", `a pod uses ${gibibytes(figures.rssBytes)}, the target is ${slo.memory}`);
  }
  if (!answered) {
    return unknown("TooLittleTraffic", `fewer than ${enoughRequests} requests a minute: too few for a percentile`);
  }
  const latency = durationMs(slo.latencyP95);
  if ((figures.latencyP95Ms ?? 0) > limit(latency)) {
    const message = `p95 is ${shown.latencyP95Milliseconds} ms, the target is ${slo.latencyP95}`;
    return isFalse("LatencyAboveTarget", message);
  }
  const perGpu = gpu.count === 0 ? undefined : figures.requestsPerSecond / (figures.pods * gpu.count);
  const target = slo.requestsPerSecondPerGpu;
  // Throughput is a question of capacity: only GPUs that could not do more answer it.
  const busy = (figures.gpuPercent ?? 0) > slo.gpuUtilization.max;
  if (perGpu !== undefined && busy && perGpu < (was === "False" ? target / room : target)) {
    return isFalse("ThroughputBelowTarget", `busy GPUs carry ${significant(perGpu)}/s each, the target is ${target}/s`);
  }
  return isTrue("TargetsMet", `p95 is ${shown.latencyP95Milliseconds} ms, the target is ${slo.latencyP95}`);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)}Gi`;
}

function significant(value: number): string {
  return String(Number(value.toPrecision(2)));
}
