/** Aggregates the reports of a service's pods over the window. Pure. */
import { highest, mean as meanKnown } from "./known.ts";
import type { SampledLive, Stage } from "./sample.ts";
import type { TimedSample } from "./window.ts";

/** Null: not known. Percentages are means over the reports; levels and rates are summed over the pods. */
export interface Aggregate {
  /** How many pods report. */
  readonly pods: number;
  readonly gpuPercent: number | null;
  readonly gpuMemoryPercent: number | null;
  /** Memory of the fullest GPU, by all of its processes. */
  readonly fullestGpuPercent: number | null;
  /** Of the CPU limit, of the busiest pod. */
  readonly cpuPercent: number;
  /** Of the largest pod. */
  readonly rssBytes: number;
  readonly requestsPerSecond: number;
  readonly latencyP50Ms: number | null;
  readonly latencyP95Ms: number | null;
  readonly queueDepth: number;
  /** Of all queues, 0 to 100. */
  readonly queueFillPercent: number;
  readonly activeSessions: number;
  /** Accepted requests in the window, on which the percentiles are based. */
  readonly accepted: number;
  /** Share of the requests that got 500, 503 or 504, 0 to 100. */
  readonly refusedPercent: number;
  readonly workersBusyPercent: number;
  /** Null: no pod reports live video. */
  readonly live: LiveAggregate | null;
  /** Mean of an accepted request, weighted by the number of requests. */
  readonly stagesMs: Readonly<Record<Stage, number>>;
}

/** Of the pods that report live video. Null: not known. */
export interface LiveAggregate {
  readonly sessions: number;
  readonly sessionLimit: number;
  readonly framesPerSecond: number;
  /** Weighted by the pods' publishers. */
  readonly droppedPercent: number;
  /** Of the slowest pod. */
  readonly p95Ms: number | null;
  /** Weighted by the pods' sessions. */
  readonly roundTripMs: number | null;
}

/** What `slo.gpuUtilization` and the autoscaler's target are compared with, in %. Null: not known. */
export function gpuLoad(
  { gpuPercent, workersBusyPercent }: Pick<Aggregate, "gpuPercent" | "workersBusyPercent">,
  sharesGpus: boolean,
): number | null {
  return sharesGpus ? workersBusyPercent : gpuPercent;
}

/** `reports`: of each pod that reports, its samples in the window, the newest last. Undefined when there is no pod. */
export function aggregate(reports: readonly (readonly TimedSample[])[]): Aggregate | undefined {
  const pods = reports.filter((samples) => samples.length > 0);
  if (pods.length === 0) return undefined;
  const all = pods.flat();
  const perPod = (read: (sample: TimedSample) => number): readonly number[] =>
    pods.map((samples) => mean(samples.map(read)));
  const queueLimit = total(perPod(({ queueLimit }) => queueLimit));
  const queueDepth = total(perPod(({ queued }) => queued));
  const ended = total(all.map(({ accepted, rejected, failed }) => accepted + rejected + failed));
  const refused = total(all.map(({ rejected, failed }) => rejected + failed));
  return {
    pods: pods.length,
    gpuPercent: meanKnown(all.map(({ gpuPercent }) => gpuPercent)),
    gpuMemoryPercent: meanKnown(all.map(({ gpuMemoryPercent }) => gpuMemoryPercent)),
    fullestGpuPercent: highest(all.flatMap(({ gpus }) => gpus.map(({ memoryPercent }) => memoryPercent))),
    cpuPercent: Math.max(...perPod(({ cpuPercent }) => cpuPercent)),
    rssBytes: Math.max(...all.map(({ rssBytes }) => rssBytes)),
    requestsPerSecond: total(perPod(({ requestsPerSecond }) => requestsPerSecond)),
    latencyP50Ms: upperBound(all, ({ p50Ms }) => p50Ms),
    latencyP95Ms: upperBound(all, ({ p95Ms }) => p95Ms),
    queueDepth,
    queueFillPercent: queueLimit === 0 ? 0 : Math.min(100, (100 * queueDepth) / queueLimit),
    activeSessions: total(perPod(({ sessions, active }) => sessions + active)),
    accepted: total(all.map(({ accepted }) => accepted)),
    refusedPercent: ended === 0 ? 0 : (100 * refused) / ended,
    workersBusyPercent: mean(perPod(({ workersBusyPercent }) => workersBusyPercent)),
    live: liveAggregate(pods),
    stagesMs: {
      queue: stageMean(all, "queue"),
      decode: stageMean(all, "decode"),
      inference: stageMean(all, "inference"),
      encode: stageMean(all, "encode"),
    },
  };
}

function liveAggregate(pods: readonly (readonly TimedSample[])[]): LiveAggregate | null {
  const reports = pods.map((samples) => samples.flatMap(({ live }) => live ?? [])).filter(({ length }) => length > 0);
  if (reports.length === 0) return null;
  const all = reports.flat();
  const summed = (read: (live: SampledLive) => number): number =>
    total(reports.map((samples) => mean(samples.map(read))));
  return {
    sessions: summed(({ sessions }) => sessions),
    sessionLimit: summed(({ sessionLimit }) => sessionLimit),
    framesPerSecond: summed(({ framesPerSecond }) => framesPerSecond),
    droppedPercent: weighted(all.map((live) => [live.droppedPercent, live.publishers])) ?? 0,
    p95Ms: highest(all.map(({ p95Ms }) => p95Ms)),
    roundTripMs: weighted(
      all.flatMap(({ roundTripMs, sessions }) => (roundTripMs === null ? [] : [[roundTripMs, sessions]])),
    ),
  };
}

/** Mean of values with weights; null without any weight. */
function weighted(values: readonly (readonly [value: number, weight: number])[]): number | null {
  const weight = total(values.map(([, one]) => one));
  return weight === 0 ? null : total(values.map(([value, one]) => value * one)) / weight;
}

/** The percentile of a pod with at most this share of all requests is left out, in %: three requests of a new pod mean nothing. */
const leftOutPercent = 2;

/**
 * Percentiles of several pods cannot be merged exactly. The highest of them is never below the true one of all requests,
 * so a target that it meets is met; Prometheus has the histograms for the exact figure.
 */
function upperBound(samples: readonly TimedSample[], read: (sample: TimedSample) => number | null): number | null {
  const known = samples
    .map((sample) => ({ value: read(sample), accepted: sample.accepted }))
    .filter((one): one is { value: number; accepted: number } => one.value !== null && one.accepted > 0)
    .toSorted((a, b) => b.value - a.value);
  const mayBeLeftOut = (total(known.map(({ accepted }) => accepted)) * leftOutPercent) / 100;
  let passed = 0;
  for (const { value, accepted } of known) {
    passed += accepted;
    if (passed > mayBeLeftOut) return value;
  }
  return null;
}

function stageMean(samples: readonly TimedSample[], stage: Stage): number {
  const known = samples
    .map(({ stagesMs, accepted }) => ({ ms: stagesMs[stage], accepted }))
    .filter((one): one is { ms: number; accepted: number } => one.ms !== null && one.accepted > 0);
  const accepted = total(known.map((one) => one.accepted));
  return accepted === 0 ? 0 : total(known.map((one) => one.ms * one.accepted)) / accepted;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : total(values) / values.length;
}
