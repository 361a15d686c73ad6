/**
 * Registers the metrics API with the API server. Part of the installation, so that uninstalling removes it: an APIService
 * without its server blocks the deletion of every namespace. The leader adds its CA and address.
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
    // Without a selector: only the leader has metrics, and its EndpointSlice names the leader.
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
