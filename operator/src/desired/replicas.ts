/** Who decides how many replicas a service has, and between which bounds. */
import type { EffectiveService } from "../effective/service.ts";

/** True while an autoscaler owns `Deployment.spec.replicas`, which we then never send. */
export function isAutoscaled(service: EffectiveService): boolean {
  return service.autoscaling.horizontal.enabled;
}

export function smallestReplicas(service: EffectiveService): number {
  return isAutoscaled(service) ? service.autoscaling.horizontal.minReplicas : service.replicas;
}

export function largestReplicas(service: EffectiveService): number {
  return isAutoscaled(service) ? service.autoscaling.horizontal.maxReplicas : service.replicas;
}
