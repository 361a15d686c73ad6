/** The user and groups of pods: those of the image, or what the platform assigns. Pure. */
import type { EffectiveService } from "../effective/service.ts";
import type { ClusterFeatures } from "./context.ts";

/** The image's user; above 10000, to differ from the users of nodes. */
const user = 10001;

type Security = Pick<ClusterFeatures, "securityContextConstraints">;

/** On OpenShift, `restricted-v2` refuses a user or group that is not in the namespace's range, and assigns one. */
export function isAssigned({ podSecurity }: EffectiveService, { securityContextConstraints }: Security): boolean {
  return podSecurity.runAs === "Platform" || (podSecurity.runAs === "Auto" && securityContextConstraints);
}

export function podUser(service: EffectiveService, features: Security): object {
  return isAssigned(service, features) ? {} : { runAsUser: user, runAsGroup: user };
}

/** The group of volumes' files. */
export function volumeGroup(service: EffectiveService, features: Security): object {
  return isAssigned(service, features) ? {} : { fsGroup: user, fsGroupChangePolicy: "OnRootMismatch" };
}
