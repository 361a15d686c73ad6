/** What the operator may do. Its tests run under exactly this; each rule says what needs it. */
import { dcgmMetricsName } from "../../../operator/src/observe/names.ts";

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Role {
  readonly apiVersion: "rbac.authorization.k8s.io/v1";
  readonly kind: "ClusterRole" | "Role";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules: readonly PolicyRule[];
}

interface RoleBinding {
  readonly apiVersion: "rbac.authorization.k8s.io/v1";
  readonly kind: "ClusterRoleBinding" | "RoleBinding";
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly roleRef: {
    readonly apiGroup: "rbac.authorization.k8s.io";
    readonly kind: "ClusterRole" | "Role";
    readonly name: string;
  };
  readonly subjects: readonly { readonly kind: "ServiceAccount"; readonly name: string; readonly namespace: string }[];
}

const apiVersion = "rbac.authorization.k8s.io/v1";

/** Children are created, patched (server-side apply and its preparation) and deleted; never replaced. */
const childVerbs = ["create", "delete", "get", "list", "patch", "watch"];
const watched = ["list", "watch"];

/** What has no namespace: only ever read, also by an operator that looks after some namespaces. */
export const clusterReads: readonly PolicyRule[] = [
  { apiGroups: ["gpumedia.io"], resources: ["gpumediaprofiles"], verbs: watched },
  // Which GPUs there are.
  { apiGroups: [""], resources: ["nodes"], verbs: watched },
];

/** In every namespace that it looks after. */
export const serviceRules: readonly PolicyRule[] = [
  { apiGroups: ["gpumedia.io"], resources: ["gpumediaservices"], verbs: watched },
  // Those of a rollout are made, and those past their time deleted.
  { apiGroups: ["gpumedia.io"], resources: ["gpumedialoadtests"], verbs: ["create", "delete", ...watched] },
  { apiGroups: ["batch"], resources: ["jobs"], verbs: ["create", ...watched] },
  { apiGroups: ["gpumedia.io"], resources: ["gpumediaservices/status", "gpumedialoadtests/status"], verbs: ["patch"] },
  // Why a service is not serving, by what the scheduler and the kubelet say of its pods; and which to keep in a scale-in.
  { apiGroups: [""], resources: ["pods"], verbs: ["patch", ...watched] },
  // OwnerReferencesPermissionEnforcement: a controller reference with blockOwnerDeletion needs the right to set finalizers.
  {
    apiGroups: ["gpumedia.io"],
    resources: ["gpumediaservices/finalizers", "gpumedialoadtests/finalizers"],
    verbs: ["update"],
  },
  // Those that a service always has are never deleted; but to adopt one that was orphaned, admission asks for `delete`.
  { apiGroups: [""], resources: ["configmaps", "serviceaccounts", "services"], verbs: childVerbs },
  { apiGroups: ["apps"], resources: ["deployments"], verbs: childVerbs },
  // Whose a pod is, by UID, before it is asked for its utilization.
  { apiGroups: ["apps"], resources: ["replicasets"], verbs: watched },
  { apiGroups: ["autoscaling"], resources: ["horizontalpodautoscalers"], verbs: childVerbs },
  { apiGroups: ["policy"], resources: ["poddisruptionbudgets"], verbs: childVerbs },
  { apiGroups: ["networking.k8s.io"], resources: ["ingresses", "networkpolicies"], verbs: childVerbs },
  // Granted whether or not their CRDs are installed: they may be later.
  { apiGroups: ["gateway.networking.k8s.io"], resources: ["httproutes"], verbs: childVerbs },
  { apiGroups: ["autoscaling.k8s.io"], resources: ["verticalpodautoscalers"], verbs: childVerbs },
  { apiGroups: ["keda.sh"], resources: ["scaledobjects"], verbs: childVerbs },
  { apiGroups: ["monitoring.coreos.com"], resources: ["podmonitors", "prometheusrules"], verbs: childVerbs },
  { apiGroups: ["events.k8s.io"], resources: ["events"], verbs: ["create", "patch"] },
];

/** For `--metrics-api-address`: to be found by the aggregator, to know it, and to ask who may read what. */
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

/** The Service of the metrics API leads to the process that leads. */
export const metricsApiNamespaceRules: readonly PolicyRule[] = [
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["create", "patch"] },
  { apiGroups: [""], resources: ["services"], verbs: ["create", "get", "patch"] },
];

/** Leader election, in the operator's own namespace only. */
export const ownNamespaceRules: readonly PolicyRule[] = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create", "get", "update"] },
];

/** The list of metrics for the DCGM exporters: where all namespaces are allowed, so is this. */
export const dcgmRules: readonly PolicyRule[] = [
  { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] },
  {
    apiGroups: [""],
    resources: ["configmaps"],
    verbs: ["delete", "list", "patch", "watch"],
    resourceNames: [dcgmMetricsName],
  },
];

export interface OperatorIdentity {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Two operators of one cluster need different ones. Default: the service account's name. */
  readonly clusterRoleName?: string;
  /** Whether it serves custom.metrics.k8s.io. Default: no. */
  readonly metricsApi?: boolean;
  /** The only ones that it looks after. Default: none, which is all. */
  readonly namespaces?: readonly string[];
}

/** Roles and bindings. An operator of some namespaces writes in those and in its own, and nowhere else. */
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
  const clusterRules = [...clusterReads, ...(everywhere ? serviceRules : []), ...(metricsApi ? metricsApiRules : [])];
  const ownRules = [
    ...ownNamespaceRules,
    ...(everywhere ? [] : dcgmRules),
    ...(metricsApi ? metricsApiNamespaceRules : []),
  ];
  return [
    ...granted(clusterRoleName, clusterRules),
    ...granted(serviceAccount, ownRules, namespace),
    ...namespaces.flatMap((watchedNamespace) => granted(clusterRoleName, serviceRules, watchedNamespace)),
  ];
}

/** A role and its binding, of one namespace or of the cluster. */
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
