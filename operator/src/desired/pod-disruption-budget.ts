/** PodDisruptionBudget of a service: how many of its pods a node drain may take at once. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child, selectorLabels } from "./child.ts";

/** Pods that are not ready may always go: a node with a pod that never becomes ready could not be drained. */
export function podDisruptionBudget(service: EffectiveService): Manifest | null {
  const { enabled, maxUnavailable } = service.podDisruptionBudget;
  if (!enabled) return null;
  return child(service, "podDisruptionBudget", {
    spec: {
      maxUnavailable,
      selector: { matchLabels: selectorLabels(service) },
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  });
}
