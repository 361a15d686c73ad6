/** The operator's permissions. Its specs run with exactly these; a comment names the reason where it is not obvious. */
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Role extends Manifest {
  readonly kind: "ClusterRole" | "Role";
  readonly rules: readonly PolicyRule[];
}

interface RoleBinding extends Manifest {
  readonly kind: "ClusterRoleBinding" | "RoleBinding";
  readonly roleRef: { readonly apiGroup: string; readonly kind: Role["kind"]; readonly name: string };
  readonly subjects: readonly { readonly kind: "ServiceAccount"; readonly name: string; readonly namespace: string }[];
}

const apiVersion = "rbac.authorization.k8s.io/v1";

/** Children are created, patched (server-side apply and its preparation) and deleted, but never replaced. */
const childVerbs = ["create", "delete", "get", "list", "patch", "watch"];
const watched = ["list", "watch"];
const sharedVerbs = ["create", "delete", "list", "patch", "watch"];

/** Objects that are only read, cluster-scoped or in the namespaces of others. Granted also to an operator of single namespaces. */
export const clusterReads: readonly PolicyRule[] = [
  { apiGroups: ["gpumedia.io"], resources: ["gpumediaprofiles"], verbs: watched },
  // To count GPUs, those of device plugins and those of DRA.
  { apiGroups: [""], resources: ["nodes"], verbs: watched },
  { apiGroups: ["resource.k8s.io"], resources: ["deviceclasses", "resourceslices"], verbs: watched },
  // Since Kubernetes 1.37; granted also before, as the cluster may be upgraded later.
  { apiGroups: ["resource.k8s.io"], resources: ["devicetaintrules"], verbs: watched },
  // To report whether a Gateway routes to a service, and whether by https.
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["gateways"], verbs: watched },
  // To report a missing class, and which settings of an Ingress its controller ignores.
  { apiGroups: ["networking.k8s.io"], resources: ["ingressclasses"], verbs: watched },
  // To report whether a Prometheus loads the rules and PodMonitors of a service. The rules of a single service stay for those
  // that do not load the shared ones.
  { apiGroups: ["monitoring.coreos.com"], resources: ["prometheuses", "thanosrulers"], verbs: watched },
  // Only that which Karpenter has named in an event of a pod without a node: to report how far the node is.
  { apiGroups: ["karpenter.sh"], resources: ["nodeclaims"], verbs: ["get"] },
];

/** Only of an operator that watches all namespaces: others would not count all services that use a profile. */
export const profileRules: readonly PolicyRule[] = [
  { apiGroups: ["gpumedia.io"], resources: ["gpumediaprofiles/status"], verbs: ["patch"] },
];

/** In every watched namespace. */
export const serviceRules: readonly PolicyRule[] = [
  { apiGroups: ["gpumedia.io"], resources: ["gpumediaservices"], verbs: watched },
  // A rollout creates load tests, and expired ones are deleted.
  { apiGroups: ["gpumedia.io"], resources: ["gpumedialoadtests"], verbs: ["create", "delete", ...watched] },
  // One whose pod is rejected is deleted: it would start its load once the policy changes.
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", "delete", ...watched] },
  // Only of a Job without a pod, of pods that do not start on their nodes, and of pods without a node: nothing else has the reason.
  { apiGroups: [""], resources: ["events"], verbs: ["list"] },
  { apiGroups: ["gpumedia.io"], resources: ["gpumediaservices/status", "gpumedialoadtests/status"], verbs: ["patch"] },
  // Conditions quote the scheduler and the kubelet; a patch sets the deletion cost, which decides what a scale-in deletes.
  { apiGroups: [""], resources: ["pods"], verbs: ["patch", ...watched] },
  // To count who has the GPUs of DRA. Never written.
  { apiGroups: ["resource.k8s.io"], resources: ["resourceclaims"], verbs: watched },
  // To count what a rollout may add.
  { apiGroups: [""], resources: ["resourcequotas"], verbs: watched },
  // OwnerReferencesPermissionEnforcement: an owner reference with blockOwnerDeletion needs the right to set finalizers.
  {
    apiGroups: ["gpumedia.io"],
    resources: ["gpumediaservices/finalizers", "gpumedialoadtests/finalizers"],
    verbs: ["update"],
  },
  // Only the Services of live video are deleted, but admission requires `delete` for adopting an orphan.
  { apiGroups: [""], resources: ["configmaps", "serviceaccounts", "services"], verbs: childVerbs },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: childVerbs },
  // To verify a pod's owner by UID before its utilization is collected.
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: watched },
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: childVerbs },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: childVerbs },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "networkpolicies"], verbs: childVerbs },
  // Granted even without their CRDs, which may be installed later.
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: childVerbs },
  { apiGroups: ["stunner.l7mp.io"], resources: ["udproutes"], verbs: childVerbs },
  { apiGroups: ["autoscaling.k8s.io"], resources: ["verticalpodautoscalers"], verbs: childVerbs },
  { apiGroups: ["keda.sh"], resources: ["scaledobjects"], verbs: childVerbs },
  // Of services whose pods claim their GPUs. The claims themselves are made by Kubernetes.
  { apiGroups: ["resource.k8s.io"], resources: ["resourceclaimtemplates"], verbs: childVerbs },
  { apiGroups: ["monitoring.coreos.com"], resources: ["podmonitors", "prometheusrules"], verbs: childVerbs },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

/** For `--metrics-api-address`: to register with the aggregator, to authenticate it, and to authorize its users. */
export const metricsApiRules: readonly PolicyRule[] = [
  { apiGroups: ["apiregistration.k8s.io"], resources: ["apiservices"], verbs: ["create"] },
  {
    apiGroups: ["apiregistration.k8s.io"],
    resources: ["apiservices"],
    verbs: ["get", "patch"],
    resourceNames: ["v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"],
  },
  { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
  {
    apiGroups: [""],
    resources: ["configmaps"],
    verbs: ["get"],
    resourceNames: ["extension-apiserver-authentication"],
  },
];

/** To route the Service of the metrics API to the leader. */
export const metricsApiNamespaceRules: readonly PolicyRule[] = [
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["create", "patch"] },
  // Before Kubernetes 1.34, the API server reads these instead.
  { apiGroups: [""], resources: ["endpoints"], verbs: ["create", "patch"] },
  { apiGroups: [""], resources: ["services"], verbs: ["create", "get", "patch"] },
];

/** For leader election, only in the operator's own namespace. */
export const ownNamespaceRules: readonly PolicyRule[] = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] },
];

/**
 * In its own namespace, for what services share: the list for the DCGM exporters, rules and dashboards. The names of the latter
 * depend on the labels that services request. `serviceRules` in all namespaces include these.
 */
export const sharedRules: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["configmaps"], verbs: sharedVerbs },
  { apiGroups: ["monitoring.coreos.com"], resources: ["prometheusrules"], verbs: sharedVerbs },
];

export interface OperatorIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Must be unique in the cluster. Default: the service account's name. */
  readonly clusterRoleName?: string;
  /** Whether the operator serves custom.metrics.k8s.io. Default: false. */
  readonly metricsApi?: boolean;
  /** The namespaces to watch. Default: all. */
  readonly namespaces?: readonly string[];
}

/** Roles and bindings. With `namespaces`, the operator writes only in those and in its own. */
export function operatorRbac({
  namespace,
  serviceAccount,
  clusterRoleName = serviceAccount,
  metricsApi = false,
  namespaces = [],
}: OperatorIdentity): readonly (Role | RoleBinding)[] {
  const everywhere = namespaces.length === 0;
  const subjects = [{ kind: "ServiceAccount", name: serviceAccount, namespace }] as const;
  const granted = (name: string, rules: readonly PolicyRule[], within?: string) => grant(name, rules, subjects, within);
  const clusterRules = [
    ...clusterReads,
    ...(everywhere ? [...profileRules, ...serviceRules] : []),
    ...(metricsApi ? metricsApiRules : []),
  ];
  const ownRules = [
    ...ownNamespaceRules,
    ...(everywhere ? [] : sharedRules),
    ...(metricsApi ? metricsApiNamespaceRules : []),
  ];
  return [
    ...granted(clusterRoleName, clusterRules),
    ...granted(serviceAccount, ownRules, namespace),
    ...namespaces.flatMap((watchedNamespace) => granted(clusterRoleName, serviceRules, watchedNamespace)),
  ];
}

/** A Role and its binding in one namespace, or a ClusterRole and its binding. */
function grant(
  name: string,
  rules: readonly PolicyRule[],
  subjects: RoleBinding["subjects"],
  namespace?: string,
): readonly [Role, RoleBinding] {
  const scope = namespace === undefined ? "Cluster" : "";
  const metadata = namespace === undefined ? { name } : { name, namespace };
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: `${scope}Role`, name } as const;
  return [
    { apiVersion, kind: `${scope}Role`, metadata, rules },
    { apiVersion, kind: `${scope}RoleBinding`, metadata, roleRef, subjects },
  ];
}
