/** Service, NetworkPolicy and PodDisruptionBudget of the operator. */
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { metricsPort } from "./deployment.ts";
import { object, selectorLabels, type Installation } from "./release.ts";

/** Port of the processors, whose utilization is collected. */
const processorPort = 8080;
const tcp = (port: number) => ({ port, protocol: "TCP" });

/** Service for /metrics. */
export function service(installation: Installation): Manifest {
  return object(installation, "v1", "Service", {
    spec: {
      selector: selectorLabels(installation),
      ports: [{ name: "metrics", port: metricsPort, targetPort: "metrics", protocol: "TCP" }],
    },
  });
}

export function podDisruptionBudget(installation: Installation): Manifest | null {
  const { replicas, podDisruptionBudget: budget } = installation.values;
  // With one replica it would block every drain, or none.
  if (!budget.enabled || replicas < 2) return null;
  return object(installation, "policy/v1", "PodDisruptionBudget", {
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(installation) } },
  });
}

export function networkPolicy(installation: Installation): Manifest | null {
  const { networkPolicy: policy, metricsApi, ports, runAs } = installation.values;
  // OpenShift's DNS pods listen on 5353, and its policies apply to the port of the pod.
  const dnsPorts = runAs === "Platform" ? [53, 5353] : [53];
  if (!policy.enabled) return null;
  const test = { podSelector: { matchLabels: { "app.kubernetes.io/name": `${installation.name}-test` } } };
  const from = policy.metricsFrom.length === 0 ? {} : { from: [...policy.metricsFrom, test] };
  return object(installation, "networking.k8s.io/v1", "NetworkPolicy", {
    spec: {
      podSelector: { matchLabels: selectorLabels(installation) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { ...from, ports: [tcp(ports.metrics)] },
        // The API server is not a pod and has no fixed address; the port requires the aggregator's certificate.
        ...(metricsApi.enabled ? [{ ports: [tcp(metricsApi.port)] }] : []),
        ...policy.ingress,
      ],
      egress: [
        { ports: dnsPorts.flatMap((port) => [{ port, protocol: "UDP" }, tcp(port)]) },
        { ports: policy.apiServerPorts.map(tcp) },
        { to: [{ namespaceSelector: {}, podSelector: processors }], ports: [tcp(processorPort)] },
        ...policy.egress,
      ],
    },
  });
}

const processors = { matchLabels: { "app.kubernetes.io/name": "gpu-media" } };
