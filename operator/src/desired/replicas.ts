/** Who decides how many replicas a service has, and how many it begins with. */
import type { EffectiveService } from "../effective/service.ts";

/** True while an autoscaler owns `Deployment.spec.replicas`. */
export function isAutoscaled(service: EffectiveService): boolean {
  return service.autoscaling.horizontal.enabled;
}

/** What we hold the Deployment to; undefined where an autoscaler decides, or nobody has said anything. */
export function heldReplicas(service: EffectiveService): number | undefined {
  return isAutoscaled(service) ? undefined : service.replicas;
}

/** The least of an autoscaled service; else what it is held to, or begins with. */
export function smallestReplicas(service: EffectiveService): number {
  return heldReplicas(service) ?? service.autoscaling.horizontal.minReplicas;
}
