/** Who owns the replicas of a service, and how many it starts with. */
import type { EffectiveService } from "../effective/service.ts";

/** True while an autoscaler owns `Deployment.spec.replicas`. */
export function isAutoscaled(service: EffectiveService): boolean {
  return service.autoscaling.horizontal.enabled;
}

/** The replicas that the operator enforces; undefined where an autoscaler owns them, or the spec sets none. */
export function heldReplicas(service: EffectiveService): number | undefined {
  return isAutoscaled(service) ? undefined : service.replicas;
}

/** The minimum of an autoscaled service, otherwise the enforced or initial replicas. */
export function smallestReplicas(service: EffectiveService): number {
  return heldReplicas(service) ?? service.autoscaling.horizontal.minReplicas;
}
