/** Every child that a service can have: its kind, its name, and how the operator treats it. */
import type { ObjectKey, ResourceType } from "../kube/object.ts";

export interface ChildKind {
  readonly type: ResourceType;
  /**
   * Children of wave 0 exist before those of wave 1 are sent: a pod without its ServiceAccount, ConfigMap or
   * ResourceClaimTemplate fails to start.
   */
  readonly wave: 0 | 1;
  /** Its API is served only where its CRD is installed; without it, the child is skipped and the status reports that. */
  readonly optional: boolean;
}

function kind(group: string, version: string, name: string, resource: string, how: Partial<ChildKind> = {}): ChildKind {
  return { type: { group, version, kind: name, resource, namespaced: true }, wave: 1, optional: false, ...how };
}

export const childKinds = {
  serviceAccount: kind("", "v1", "ServiceAccount", "serviceaccounts", { wave: 0 }),
  configMap: kind("", "v1", "ConfigMap", "configmaps", { wave: 0 }),
  resourceClaimTemplate: kind("resource.k8s.io", "v1", "ResourceClaimTemplate", "resourceclaimtemplates", {
    wave: 0,
    optional: true,
  }),
  deployment: kind("apps", "v1", "Deployment", "deployments"),
  service: kind("", "v1", "Service", "services"),
  horizontalPodAutoscaler: kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"),
  podDisruptionBudget: kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
  networkPolicy: kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies"),
  ingress: kind("networking.k8s.io", "v1", "Ingress", "ingresses"),
  udpRoute: kind("stunner.l7mp.io", "v1", "UDPRoute", "udproutes", { optional: true }),
  httpRoute: kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", { optional: true }),
  verticalPodAutoscaler: kind("autoscaling.k8s.io", "v1", "VerticalPodAutoscaler", "verticalpodautoscalers", {
    optional: true,
  }),
  scaledObject: kind("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects", { optional: true }),
  podMonitor: kind("monitoring.coreos.com", "v1", "PodMonitor", "podmonitors", { optional: true }),
  prometheusRule: kind("monitoring.coreos.com", "v1", "PrometheusRule", "prometheusrules", { optional: true }),
} as const satisfies Record<string, ChildKind>;

export type ChildKindName = keyof typeof childKinds;

/** Children of a kind that a service has several of, and their kind. */
const furtherRoles = {
  dashboard: "configMap",
  /** At which clients reach the UDP port of live video. */
  liveService: "service",
  /** Headless: its addresses are the pods among which live video is forwarded. */
  peersService: "service",
} as const satisfies Record<string, ChildKindName>;

/** A child by its purpose: a service has several ConfigMaps and Services. */
export type ChildRole = ChildKindName | keyof typeof furtherRoles;

/** A child whose name follows from that of the service. That of a ResourceClaimTemplate has a hash, and there may be several. */
export type NamedRole = Exclude<ChildRole, "resourceClaimTemplate">;

export const childRoles = [...Object.keys(childKinds), ...Object.keys(furtherRoles)].filter(
  (role) => role !== "resourceClaimTemplate",
) as readonly NamedRole[];

const nameSuffixes: Partial<Record<NamedRole, string>> = {
  configMap: "-config",
  dashboard: "-dashboard",
  liveService: "-live",
  peersService: "-peers",
  udpRoute: "-live",
  verticalPodAutoscaler: "-vpa",
};

/** A service's name must leave this many characters for the names of its children. */
export const longestNameSuffix = Math.max(...Object.values(nameSuffixes).map(({ length }) => length));

export function childKind(role: ChildRole): ChildKind {
  return childKinds[isFurther(role) ? furtherRoles[role] : role];
}

function isFurther(role: ChildRole): role is keyof typeof furtherRoles {
  return Object.hasOwn(furtherRoles, role);
}

/** The name of a service's child, or its key where the service's key is given. */
export function childName(role: NamedRole, service: ObjectKey): ObjectKey;
export function childName(role: NamedRole, service: string): string;
export function childName(role: NamedRole, service: string): string {
  return `${service}${nameSuffixes[role] ?? ""}`;
}

/** Name of the ResourceClaimTemplate with that hash. Unlike other children's, it may have more than 63 characters. */
export function claimTemplateName(service: string, hash: string): string {
  return `${service}-gpu-${hash}`;
}
