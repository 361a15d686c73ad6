/** The whole installation: the source of the plain manifests and of Pulumi programs, which the chart must equal. */
import { customResourceDefinitions } from "@gpumedia/api/src/crd/crds.ts";
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { deployment, serviceAccount } from "./deployment.ts";
import { metricsApi } from "./metrics-api.ts";
import { dashboard, podMonitor } from "./monitoring.ts";
import { networkPolicy, podDisruptionBudget, service } from "./network.ts";
import { operatorRbac } from "./rbac.ts";
import { clusterName, installationOf, labels, type Installation, type Release } from "./release.ts";
import { completeValues, type PartialValues } from "./values.ts";

/** Makes `helm uninstall` keep an object: deleting the CRDs would delete every service. */
const keep = { "helm.sh/resource-policy": "keep" };

/** Returns the objects in an order in which they can be applied. Throws a TypeError that names an invalid value. */
export function install(release: Release, values: PartialValues = {}): readonly Manifest[] {
  const installation = installationOf(release, completeValues(values));
  const { crds } = installation.values;
  return [
    ...(crds.install ? customResourceDefinitions.map(kept) : []),
    serviceAccount(installation),
    ...rbac(installation),
    service(installation),
    deployment(installation),
    podDisruptionBudget(installation),
    networkPolicy(installation),
    podMonitor(installation),
    dashboard(installation),
    ...metricsApi(installation),
  ].filter((manifest) => manifest !== null);
}

/** The operator's namespace, with the `restricted` level of Pod Security. */
export function installNamespace(name: string): Manifest {
  const labelsOfNamespace = { "pod-security.kubernetes.io/enforce": "restricted" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: labelsOfNamespace } };
}

function kept(crd: Manifest): Manifest {
  return { ...crd, metadata: { ...crd.metadata, annotations: keep } };
}

function rbac(installation: Installation): readonly Manifest[] {
  const { namespace, name, values } = installation;
  return operatorRbac({
    namespace,
    serviceAccount: name,
    clusterRoleName: clusterName(installation),
    metricsApi: values.metricsApi.enabled,
    namespaces: values.namespaces,
  }).map((manifest) => ({ ...manifest, metadata: { ...manifest.metadata, labels: labels(installation) } }));
}
