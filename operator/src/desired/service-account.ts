/** ServiceAccount of a service: an identity for its pods, without a token. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child } from "./child.ts";

/**
 * Null where the spec names an existing ServiceAccount. The processor never calls the Kubernetes API: a token in its pod
 * would only be a risk.
 */
export function serviceAccount(service: EffectiveService): Manifest | null {
  if (service.serviceAccountName !== undefined) return null;
  return child(service, "serviceAccount", { automountServiceAccountToken: false });
}

export function serviceAccountName(service: EffectiveService): string {
  return service.serviceAccountName ?? service.name;
}
