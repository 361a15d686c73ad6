/** The utilization of one service: what its pods have reported, and which pods should report and do not. */
import type { PodView } from "../observe/pod-view.ts";
import { aggregate, type Aggregate } from "./aggregate.ts";
import { gpuSharing, mostSpecific, type GpuSharing } from "./gpu-sharing.ts";
import { highest } from "./known.ts";
import { podLoad, type PodLoad } from "./skew.ts";
import { windowMs, type UtilizationWindow } from "./window.ts";

export interface UtilizationReading {
  /**
   * The operator has collected for less than one window, and the status was written by its predecessor. That status
   * stands until then: otherwise every restart of the operator would rewrite every status.
   */
  readonly warmingUp: boolean;
  /** The minute since the figures were last written has passed. Conditions do not wait for it. */
  readonly mayMove: boolean;
  /** Pods whose reports are collected. */
  readonly polled: number;
  readonly silent: readonly SilentPod[];
  /** Pods whose first report is pending. */
  readonly pending: number;
  /** Pods that serve although they have lost a GPU. */
  readonly lost: readonly LostGpu[];
  /** Over the window of one minute; undefined when no pod reports. */
  readonly figures: Aggregate | undefined;
  /** Of each pod's latest report alone, over 15 s: after a change of load, `figures` lag behind it. */
  readonly latest: Aggregate | undefined;
  /** Undefined: each pod has its GPUs alone, as far as is known. */
  readonly gpuSharing: GpuSharing | undefined;
  /** The GPUs that several pods report now, the fullest first. */
  readonly sharedGpus: readonly SharedGpu[];
  /** Of the pods whose reports cover the whole window. */
  readonly loads: readonly PodLoad[];
}

export interface SharedGpu {
  readonly uuid: string;
  /** Of all sharers; null: not known. */
  readonly memoryPercent: number | null;
  /** Number of pods by service: `media/upscaler`. */
  readonly services: Readonly<Record<string, number>>;
}

export interface SilentPod {
  readonly name: string;
  /** Why the last poll failed; the predicate of a sentence whose subject is the pod. */
  readonly problem: string;
}

export interface LostGpu {
  readonly pod: string;
  /** `GPU 0 (GPU-…): …`. */
  readonly gpu: string;
}

/** Terminating pods and pods that are not ready serve nothing, so their utilization does not count. */
export function isPolled(pod: PodView): pod is PodView & { readonly ip: string } {
  return pod.service !== undefined && pod.ready && !pod.terminating && pod.ip !== undefined;
}

/** Returns the labels of a node; undefined while they are not known. */
export type LabelsOf = (node: string) => Readonly<Record<string, string>> | undefined;

/** How the GPUs of one pod are shared, from its node, its resources and its reports. */
export function podSharing(
  pod: PodView,
  window: UtilizationWindow,
  labelsOf: LabelsOf,
  now: number,
): GpuSharing | undefined {
  const { uid, node } = pod;
  const nodeLabels = node === undefined ? undefined : labelsOf(node);
  return gpuSharing({ pod, nodeLabels, sample: window.fresh(uid, now), seenShared: window.shares(uid) });
}

export function readPods(
  pods: readonly PodView[],
  window: UtilizationWindow,
  labelsOf: LabelsOf,
  now: number,
): Omit<UtilizationReading, "warmingUp" | "mayMove"> {
  // From the pods, not from the window, which is empty right after a start.
  const polled = pods.filter((pod) => isPolled(pod) && !window.isForeign(pod.uid));
  const silent = polled
    .filter(({ uid }) => window.silent(uid, now))
    .map(({ name, uid }) => ({ name, problem: window.of(uid)?.problem ?? "has stopped reporting" }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const reports = polled.map(({ uid }) => window.recent(uid, now));
  const sharing = mostSpecific(pods.map((pod) => podSharing(pod, window, labelsOf, now)));
  return {
    polled: polled.length,
    silent,
    pending: polled.filter(({ uid }) => window.pending(uid, now)).length,
    lost: polled.flatMap(({ name, uid }) => {
      const gpu = window.fresh(uid, now)?.lostGpu ?? null;
      return gpu === null ? [] : [{ pod: name, gpu }];
    }),
    figures: aggregate(reports),
    latest: aggregate(reports.map((samples) => samples.slice(-1))),
    gpuSharing: sharing,
    sharedGpus: sharedGpus(polled, window, now),
    loads: polled.flatMap(({ name, uid }, at) => {
      const [samples = [], since = now] = [reports[at], window.of(uid)?.polledSince];
      return samples.length === 0 || now - since < windowMs ? [] : [podLoad(name, samples, sharing !== undefined)];
    }),
  };
}

function sharedGpus(pods: readonly PodView[], window: UtilizationWindow, now: number): readonly SharedGpu[] {
  const found = new Map<string, SharedGpu>();
  for (const { uid, node } of pods) {
    for (const { uuid, memoryPercent } of window.fresh(uid, now)?.gpus ?? []) {
      if (uuid === null) continue;
      const holders = window.holders(node, uuid, now);
      if (holders.length < 2) continue;
      const services = Object.fromEntries(
        [...Map.groupBy(holders, ({ service = "" }) => service)]
          .map(([service, { length }]) => [service, length] as const)
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      );
      const known = highest([found.get(uuid)?.memoryPercent ?? null, memoryPercent]);
      found.set(uuid, { uuid, memoryPercent: known, services });
    }
  }
  const fullness = ({ memoryPercent }: SharedGpu): number => memoryPercent ?? 0;
  return [...found.values()].toSorted((a, b) => fullness(b) - fullness(a) || (a.uuid < b.uuid ? -1 : 1));
}

/** Do all pods that report export the targets of the service? Undefined when no pod reports. */
export function exportTargets(pods: readonly PodView[], window: UtilizationWindow, now: number): boolean | undefined {
  const newest = pods.filter(isPolled).flatMap(({ uid }) => window.fresh(uid, now) ?? []);
  return newest.length === 0 ? undefined : newest.every(({ exportsTargets }) => exportsTargets);
}
