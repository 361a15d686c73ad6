/** What a status is to be made from: the reports of one service's pods, and the pods that should report and do not. */
import type { PodView } from "../observe/pod-view.ts";
import { aggregate, type Aggregate } from "./aggregate.ts";
import type { UtilizationWindow } from "./window.ts";

export interface UtilizationReading {
  /**
   * The operator has not listened for a whole window yet, and what the status says is not its own. What was said before it started is still the best that is
   * known, and a restart that rewrote every status would say nothing new.
   */
  readonly warmingUp: boolean;
  /** Long enough since the figures were last written? Conditions do not wait for it. */
  readonly mayMove: boolean;
  /** Pods that are asked. */
  readonly asked: number;
  readonly silent: readonly SilentPod[];
  /** Pods whose first report is still to come. */
  readonly pending: number;
  /** Undefined when no pod reports. */
  readonly figures: Aggregate | undefined;
}

export interface SilentPod {
  readonly name: string;
  /** What the last poll ended with. */
  readonly problem: string;
}

/** On its own address: what else is in the pod's network, or ends, is none of ours. */
export function isAsked(pod: PodView): pod is PodView & { readonly ip: string } {
  return pod.service !== undefined && pod.ready && !pod.terminating && pod.ip !== undefined;
}

export function readPods(
  pods: readonly PodView[],
  window: UtilizationWindow,
  now: number,
): Omit<UtilizationReading, "warmingUp" | "mayMove"> {
  // By what the pods are, not by what has been asked so far: just after a start nobody has been.
  const asked = pods.filter((pod) => isAsked(pod) && !window.isForeign(pod.uid));
  const silent = asked
    .filter(({ uid }) => window.silent(uid, now))
    .map(({ name, uid }) => ({ name, problem: window.of(uid)?.problem ?? "has stopped to report" }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    asked: asked.length,
    silent,
    pending: asked.filter(({ uid }) => window.pending(uid, now)).length,
    figures: aggregate(asked.map(({ uid }) => window.recent(uid, now))),
  };
}
