/** The ServiceAccount of a program that runs in the cluster, with its rights in all namespaces. */

const group = "rbac.authorization.k8s.io";

interface Account {
  /** Of the ServiceAccount, the ClusterRole and its binding. */
  readonly name: string;
  readonly namespace: string;
}

interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

export function serviceAccount({ name, namespace }: Account, rules: readonly PolicyRule[]): readonly object[] {
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } },
    { apiVersion: `${group}/v1`, kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: group, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name, namespace }],
    },
  ];
}
