/** The utilization of one service: what its pods have reported, and which pods should report and do not. */
import type { PodView } from "../observe/pod-view.ts";
import { aggregate, type Aggregate } from "./aggregate.ts";
import type { UtilizationWindow } from "./window.ts";

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
  /** Over the window of one minute; undefined when no pod reports. */
  readonly figures: Aggregate | undefined;
  /** Of each pod's latest report alone, over 15 s: after a change of load, `figures` lag behind it. */
  readonly latest: Aggregate | undefined;
}

export interface SilentPod {
  readonly name: string;
  /** Why the last poll failed; the predicate of a sentence whose subject is the pod. */
  readonly problem: string;
}

/** Terminating pods and pods that are not ready serve nothing, so their utilization does not count. */
export function isPolled(pod: PodView): pod is PodView & { readonly ip: string } {
  return pod.service !== undefined && pod.ready && !pod.terminating && pod.ip !== undefined;
}

export function readPods(
  pods: readonly PodView[],
  window: UtilizationWindow,
  now: number,
): Omit<UtilizationReading, "warmingUp" | "mayMove"> {
  // From the pods, not from the window, which is empty right after a start.
  const polled = pods.filter((pod) => isPolled(pod) && !window.isForeign(pod.uid));
  const silent = polled
    .filter(({ uid }) => window.silent(uid, now))
    .map(({ name, uid }) => ({ name, problem: window.of(uid)?.problem ?? "has stopped reporting" }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const reports = polled.map(({ uid }) => window.recent(uid, now));
  return {
    polled: polled.length,
    silent,
    pending: polled.filter(({ uid }) => window.pending(uid, now)).length,
    figures: aggregate(reports),
    latest: aggregate(reports.map((samples) => samples.slice(-1))),
  };
}
