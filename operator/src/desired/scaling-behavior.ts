/** The behavior of a service's autoscaler, and whether the cluster can keep it. */
import type { EffectiveService } from "../effective/service.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";
import type { ClusterFeatures } from "./context.ts";

type Behavior = EffectiveService["autoscaling"]["horizontal"]["behavior"];

/** As the API server stores it. */
export function scalingBehavior({ autoscaling }: EffectiveService): object {
  const { scaleUp, scaleDown } = autoscaling.horizontal.behavior;
  return { scaleUp: canonicalRules(scaleUp), scaleDown: canonicalRules(scaleDown) };
}

function canonicalRules(rules: Behavior["scaleUp"]): object {
  return rules.tolerance === undefined ? rules : { ...rules, tolerance: canonicalQuantity(rules.tolerance) };
}

/**
 * Why the HorizontalPodAutoscaler, also that of KEDA, cannot keep the behavior; undefined when it can. An API server without the field drops it silently: the
 * autoscaler would scale by the cluster's tolerance, and the operator would repair it forever.
 *
 * @see https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#tolerance (on by default since 1.35)
 */
export function unsupportedBehavior({ autoscaling }: EffectiveService, features: ClusterFeatures): string | undefined {
  const { enabled, behavior } = autoscaling.horizontal;
  const direction = (["scaleUp", "scaleDown"] as const).find((name) => behavior[name].tolerance !== undefined);
  if (!enabled || direction === undefined) return undefined;
  const path = `autoscaling.horizontal.behavior.${direction}.tolerance`;
  if (features.hpaTolerance) return undefined;
  return `${path}: requires Kubernetes 1.35 or newer; remove it, or upgrade the cluster`;
}
