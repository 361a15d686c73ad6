/**
 * Detects that one pod of a service does the work while another idles. The average over the pods then looks low, so that the
 * autoscaler scales in while requests wait. Pure.
 */
import { busyAbove, idlePercent } from "../desired/skew-limits.ts";
import { gpuLoad } from "./aggregate.ts";
import type { TimedSample } from "./window.ts";

/** How busy a pod was in each of its reports of the window, in %. */
export interface PodLoad {
  readonly name: string;
  readonly least: number;
  readonly mean: number;
  readonly most: number;
  /** Open streams now: one stays with its pod. */
  readonly sessions: number;
}

export interface Skew {
  /** The busiest pod. */
  readonly busiest: PodLoad;
  readonly busyPods: number;
  readonly idlePods: number;
  readonly pods: number;
}

/** `samples`: all reports of the window, at least one. Busy is what is busiest: its workers or a GPU that is its own. */
export function podLoad(name: string, samples: readonly TimedSample[], sharesGpus: boolean): PodLoad {
  const loads = samples.map((sample) => Math.max(sample.workersBusyPercent, gpuLoad(sample, sharesGpus) ?? 0));
  return {
    name,
    least: Math.min(...loads),
    mean: loads.reduce((sum, load) => sum + load, 0) / loads.length,
    most: Math.max(...loads),
    sessions: samples.at(-1)?.sessions ?? 0,
  };
}

/**
 * Skewed is a service of which one pod was busy and another idle in every report of the window. It stays skewed while that
 * holds for their means and wider limits: at the limits themselves the status would change all the time.
 *
 * `loads`: of the pods that have reported for the whole window, since new ones are idle at first.
 */
export function skewOf(loads: readonly PodLoad[], bandMax: number, wasSkewed: boolean): Skew | undefined {
  const limit = busyAbove(bandMax);
  const isBusy = ({ least, mean }: PodLoad): boolean => (wasSkewed ? mean > 0.75 * limit : least > limit);
  const isIdle = ({ mean, most }: PodLoad): boolean => (wasSkewed ? mean < 2 * idlePercent : most < idlePercent);
  const [busiest, ...others] = loads.filter(isBusy).toSorted((a, b) => b.mean - a.mean);
  const idlePods = loads.filter(isIdle).length;
  if (busiest === undefined || idlePods === 0) return undefined;
  return { busiest, busyPods: 1 + others.length, idlePods, pods: loads.length };
}
