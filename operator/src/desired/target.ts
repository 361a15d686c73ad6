/** How a service's autoscalers name what they scale. */
import type { EffectiveService } from "../effective/service.ts";

export function deploymentRef(service: EffectiveService): { apiVersion: string; kind: string; name: string } {
  return { apiVersion: "apps/v1", kind: "Deployment", name: service.name };
}
