/**
 * How the API server finds the metrics API: installed, so that they go when the operator does. An APIService whose
 * server is gone holds up the deletion of every namespace. The process that leads adds the authority and its address.
 */
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { labels, object, type Installation } from "./release.ts";

const group = "custom.metrics.k8s.io";
/** The first one is preferred. */
const versions = ["v1beta2", "v1beta1"] as const;
const httpsPort = 443;

export function metricsApi(installation: Installation): readonly Manifest[] {
  const { values, namespace } = installation;
  if (!values.metricsApi.enabled) return [];
  const name = `${installation.name}-metrics-api`;
  const ports = [{ name: "https", port: httpsPort, targetPort: values.metricsApi.port, protocol: "TCP" }];
  return [
    // Without a selector: only the process that leads knows anything, and its EndpointSlice names that one.
    object(installation, "v1", "Service", { spec: { ports } }, { name }),
    ...versions.map((version, at) => ({
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: `${version}.${group}`, labels: labels(installation) },
      spec: {
        group,
        version,
        groupPriorityMinimum: 100,
        versionPriority: 200 - 100 * at,
        service: { namespace, name, port: httpsPort },
      },
    })),
  ];
}
