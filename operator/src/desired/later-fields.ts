/**
 * The fields of optional APIs that came later than the oldest version that works; docs/operations.md lists the versions.
 * Where the cluster's CRD lacks one, it is left out, unless the spec asks for it. Pure.
 */
import type { ChildRole } from "../observe/child-kinds.ts";

interface LaterField {
  readonly path: string;
  /** The field below it that is missing, where the rest would do harm without it. */
  readonly part?: string;
  readonly since: string;
  /** The field of the spec that alone sets it: the spec is rejected. Absent: it is left out. */
  readonly setBy?: string;
}

const behavior = "spec.advanced.horizontalPodAutoscalerConfig.behavior";

export const laterFields: Partial<Record<ChildRole, readonly LaterField[]>> = {
  scaledObject: [
    // Without the behavior, the fallback scales busy pods in to the minimum. Without any, KEDA's HPA keeps the replicas.
    { path: "spec.fallback", part: "spec.fallback.behavior", since: "KEDA 2.17" },
    ...["scaleUp", "scaleDown"].map((direction) => ({
      path: `${behavior}.${direction}.tolerance`,
      since: "KEDA 2.18",
      setBy: `autoscaling.horizontal.behavior.${direction}.tolerance`,
    })),
  ],
  httpRoute: [
    { path: "spec.rules[].timeouts", since: "Gateway API 1.2" },
    { path: "spec.parentRefs[].port", since: "Gateway API 1.1", setBy: "network.gateway.parentRefs[].port" },
  ],
  verticalPodAutoscaler: [{ path: "spec.updatePolicy.minReplicas", since: "VPA 0.10" }],
};

/** `spec.rules[].timeouts (requires Gateway API 1.2)` */
export function omittedText(role: ChildRole, path: string): string {
  const since = laterFields[role]?.find((field) => field.path === path)?.since;
  return since === undefined ? path : `${path} (requires ${since})`;
}

/** Why the spec cannot be fulfilled with the CRDs of this cluster; undefined when it can. */
export function unsupportedField(
  children: readonly { readonly role: ChildRole; readonly omitted?: readonly string[] }[],
): string | undefined {
  for (const { role, omitted = [] } of children) {
    const asked = laterFields[role]?.find(({ path, setBy }) => setBy !== undefined && omitted.includes(path));
    if (asked !== undefined)
      return `${asked.setBy}: requires ${asked.since} or newer, as the CRD of this cluster has no such field; remove it, or upgrade`;
  }
  return undefined;
}
