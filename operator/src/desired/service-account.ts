/** ServiceAccount of a service: an identity for its pods, which no pod gets a token for. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child } from "./child.ts";

/**
 * Null where the spec names a ServiceAccount that exists already. The processor never calls the Kubernetes API: a token
 * in its pod would only be there to be stolen.
 */
export function serviceAccount(service: EffectiveService): Manifest | null {
  if (service.serviceAccountName !== undefined) return null;
  return child(service, "serviceAccount", { automountServiceAccountToken: false });
}

export function serviceAccountName(service: EffectiveService): string {
  return service.serviceAccountName ?? service.name;
}
