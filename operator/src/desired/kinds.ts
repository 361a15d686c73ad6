/** Every kind of child that a service can have, and what the operator must know of a kind to look after it. */
import type { ResourceType } from "../kube/object.ts";

export interface ChildKind {
  readonly type: ResourceType;
  /** Children of wave 0 exist before those of wave 1 are sent: a pod without its ServiceAccount or ConfigMap fails to start. */
  readonly wave: 0 | 1;
  /** Served only where its CRD is installed: absent, the child is skipped and the status says so. */
  readonly optional: boolean;
}

function kind(group: string, version: string, name: string, resource: string, how: Partial<ChildKind> = {}): ChildKind {
  return { type: { group, version, kind: name, resource, namespaced: true }, wave: 1, optional: false, ...how };
}

export const childKinds = {
  serviceAccount: kind("", "v1", "ServiceAccount", "serviceaccounts", { wave: 0 }),
  configMap: kind("", "v1", "ConfigMap", "configmaps", { wave: 0 }),
  deployment: kind("apps", "v1", "Deployment", "deployments"),
  service: kind("", "v1", "Service", "services"),
  horizontalPodAutoscaler: kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  podDisruptionBudget: kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  ingress: kind("networking.k8s.io", "v1", "Ingress", "ingresses"),
} as const satisfies Record<string, ChildKind>;
