/** PodDisruptionBudget of a service: how many of its pods a node drain may evict at once. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child, selectorLabels } from "./child.ts";

/** Unready pods may always be evicted: a pod that never becomes ready would block the drain of its node. */
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
