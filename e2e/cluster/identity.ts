/** Service accounts with exactly the rights that they are given, as users of the cluster. */
import { join } from "node:path";
import { operatorRbac } from "@gpumedia/install";
import { writeKubeconfig } from "./kubeconfig.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { KubernetesObject } from "./rest.ts";

export interface ServiceAccountOptions {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Roles and bindings, applied unchanged. Default: those of an installation of the operator. */
  readonly rbac?: readonly KubernetesObject[];
}

const tokenSeconds = 24 * 60 * 60;
const rbacPath = "/apis/rbac.authorization.k8s.io/v1";

/** Creates the service account, its namespace and its rights if they are missing; returns the path of a kubeconfig. */
export async function serviceAccountKubeconfig(
  { rest, directory, server, authority }: ControlPlane,
  { namespace, serviceAccount, rbac }: ServiceAccountOptions,
): Promise<string> {
  // Two of them in different namespaces need two ClusterRoleBindings.
  const name = `${namespace}.${serviceAccount}`;
  const metadata = { name: serviceAccount, namespace };
  await rest.apply("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await rest.apply(accounts, { apiVersion: "v1", kind: "ServiceAccount", metadata });
  for (const object of rbac ?? operatorRbac({ namespace, serviceAccount, clusterRoleName: name })) {
    await rest.apply(rbacCollection(object), object);
  }
  const { status } = (await rest.request("POST", `${accounts}/${serviceAccount}/token`, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds: tokenSeconds },
  })) as { status: { token: string } };
  const user = { token: status.token };
  return writeKubeconfig(join(directory, `${name}.kubeconfig`), { name, server, authority, user, namespace });
}

function rbacCollection({ kind, metadata }: KubernetesObject): string {
  const resource = `${kind.toLowerCase()}s`;
  return metadata.namespace === undefined
    ? `${rbacPath}/${resource}`
    : `${rbacPath}/namespaces/${metadata.namespace}/${resource}`;
}
