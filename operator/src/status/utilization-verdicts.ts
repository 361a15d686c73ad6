/** MetricsReporting and SloMet: do the processors report, and does what they report meet the targets of `spec.slo`? */
import { durationMs, quantityValue } from "@gpumedia/api";
import { busyAbove, idlePercent } from "../desired/skew-limits.ts";
import type { EffectiveService } from "../effective/service.ts";
import { nginxAnnotation } from "../neighbours/ingress-nginx.ts";
import { gpuLoad, type Aggregate } from "../utilization/aggregate.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import type { Skew } from "../utilization/skew.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import type { MetricsReportingReason, SloMetReason } from "./reasons.ts";
import type { UtilizationFigures } from "./utilization-figures.ts";

type Reading = Pick<UtilizationReading, "polled" | "silent" | "figures">;

const maxNamed = 3;

/** MetricsReporting: does every ready pod report its utilization? Scaling on GPU utilization depends on it. */
export function metricsReporting({ polled, silent, figures }: Reading): Verdict<MetricsReportingReason> {
  if (polled === 0) return unknown("NoPodServes", "no pod is ready, so no utilization is collected");
  if (silent.length > 0) {
    const named = silent.slice(0, maxNamed).map(({ name, problem }) => `${name} ${problem}`);
    const more = silent.length > named.length ? `; and ${silent.length - named.length} more` : "";
    const message = `${silent.length} of ${polled} pods do not report their utilization: ${named.join("; ")}${more}`;
    return isFalse(silent.length === polled ? "PodsSilent" : "SomePodsSilent", message);
  }
  if (figures === undefined) return unknown("NotReportedYet", "no pod has reported its utilization yet");
  // Without their number: pods come and go with the load, and each change would be a write.
  return isTrue("PodsReport", "all ready pods report their utilization");
}

/** A percentile of fewer requests is meaningless; once it is known, half as many are enough to keep it. */
const enoughRequests = 40;
const stillEnoughRequests = 20;
/** A missed target is met again only this far below it: at the target itself the condition would flap. */
const hysteresis = 0.9;
/** More refused or failed requests miss the target, however fast the others are. In %. */
const refusedPercent = 1;

interface SloInput {
  readonly figures: Aggregate | undefined;
  readonly service: Pick<EffectiveService, "slo" | "gpu" | "network">;
  /** The current status of the condition, on which hysteresis depends. It is stored, so a restart changes nothing. */
  readonly before: Verdict["status"] | undefined;
  /** The figures as written, for the message. */
  readonly shown: UtilizationFigures;
  /** The GPUs' utilization is not the work of the service, or unknown. */
  readonly sharesGpus: boolean;
  readonly skew: Skew | undefined;
}

/** SloMet: are the targets of `spec.slo` met? Unknown while there is too little traffic. */
export function sloMet({ figures, service, before, shown, sharesGpus, skew }: SloInput): Verdict<SloMetReason> {
  const { slo, gpu } = service;
  if (figures === undefined) return unknown("NotReportedYet", "no pod reports its utilization");
  const was = before ?? "Unknown";
  const limit = (target: number): number => (was === "False" ? target * hysteresis : target);
  // Before the others, which it causes.
  if (skew !== undefined) return isFalse("LoadSkewed", skewMessage(skew, service));
  const refused = figures.refusedPercent;
  if (refused > limit(refusedPercent) && (figures.accepted > 0 || refused === 100)) {
    const message = `${Math.round(refused)} % of requests fail or are refused, target ${refusedPercent} %; see status.bottleneck`;
    return isFalse("RequestsRefused", message);
  }
  const memory = quantityValue(slo.memory);
  if (figures.rssBytes > limit(memory)) {
    const message = `a pod uses ${gibibytes(figures.rssBytes)}, target ${gibibytes(memory)}; lower processing.batch.maxSize or processing.queue.maxDepth, or raise slo.memory`;
    return isFalse("MemoryAboveTarget", message);
  }
  const live = liveVerdict(figures, service, shown, limit);
  if (live !== undefined) return live;
  const least = was === "Unknown" ? enoughRequests : stillEnoughRequests;
  if (figures.latencyP95Ms === null || figures.accepted < least) {
    return unknown(
      "TooLittleTraffic",
      `fewer than ${enoughRequests} requests in the last minute, too few for a percentile`,
    );
  }
  const latency = durationMs(slo.latencyP95);
  // The latency of an idle service is no longer among the written figures.
  const p95 = `p95 ${shown.latencyP95Milliseconds ?? Math.round(figures.latencyP95Ms)} ms, target ${latency} ms`;
  if (figures.latencyP95Ms > limit(latency)) return isFalse("LatencyAboveTarget", `${p95}; see status.bottleneck`);
  const perGpu = gpu.count === 0 ? undefined : figures.requestsPerSecond / (figures.pods * gpu.count);
  const target = slo.requestsPerSecondPerGpu;
  // GPUs with spare capacity process as many requests as arrive, which is no measure of their limit.
  const busy = (gpuLoad(figures, sharesGpus) ?? 0) > slo.gpuUtilization.max;
  if (perGpu !== undefined && busy && perGpu < (was === "False" ? target / hysteresis : target)) {
    const message = `${significant(perGpu)}/s per busy GPU, target ${target}/s; see status.bottleneck`;
    return isFalse("ThroughputBelowTarget", message);
  }
  return isTrue("TargetsMet", p95);
}

/** Undefined: no frame is processed, or both targets of live video are met. */
function liveVerdict(
  { live }: Aggregate,
  { slo }: SloInput["service"],
  { live: shown = {} }: UtilizationFigures,
  limit: (target: number) => number,
): Verdict<SloMetReason> | undefined {
  if (live === null || live.sessions === 0) return undefined;
  if (live.droppedPercent > limit(slo.droppedFramesPercent)) {
    const dropped = shown.droppedPercent ?? Math.round(live.droppedPercent);
    const message = `${dropped} % of the frames of live video are dropped, target ${slo.droppedFramesPercent} %; lower live.limits.sessions or live.limits.pixels, or raise autoscaling.horizontal.maxReplicas`;
    return isFalse("FramesDropped", message);
  }
  const target = durationMs(slo.frameLatencyP95);
  if (live.p95Ms === null || live.p95Ms <= limit(target)) return undefined;
  const p95 = shown.frameLatencyP95Milliseconds ?? Math.round(live.p95Ms);
  return isFalse("FrameLatencyAboveTarget", `p95 of frames ${p95} ms, target ${target} ms; see status.bottleneck`);
}

/** Without the exact shares: each change of them would be a write. */
function skewMessage({ busiest, busyPods, idlePods, pods }: Skew, service: SloInput["service"]): string {
  const limit = busyAbove(service.slo.gpuUtilization.max);
  const state = `${busyPods} of ${pods} pods above ${limit} % (${busiest.name}) while ${idlePods} below ${idlePercent} %, so the autoscaler sees too low an average`;
  return `${state}; ${likelyCause(busiest, service)}`;
}

const hashAnnotation = nginxAnnotation("hashBy");

function likelyCause({ sessions }: Skew["busiest"], { network: { ingress } }: SloInput["service"]): string {
  const annotated = ingress.annotations[hashAnnotation];
  const hash = annotated ?? ingress.hashBy;
  if (ingress.enabled && hash !== "") {
    const field = annotated === undefined ? "network.ingress.hashBy" : `network.ingress.annotations[${hashAnnotation}]`;
    return `the likely cause is hashing: ${field} ${hash} assigns requests of one URI, such as uploads, to one pod; set it to ""`;
  }
  if (sessions > 0) return "its streams stay with it: let clients open several, or reconnect after a scale-out";
  return "the likely cause is a proxy that hashes requests by their URI, which uploads share, or keeps its connections to one pod";
}

function gibibytes(bytes: number): string {
  return `${Number((bytes / 1024 ** 3).toFixed(1))} GiB`;
}

function significant(value: number): string {
  return String(Number(value.toPrecision(2)));
}
