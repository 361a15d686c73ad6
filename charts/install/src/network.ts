/** How the operator is reached, what it may reach, and that a drain leaves one replica. */
import type { Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { metricsPort } from "./deployment.ts";
import { object, selectorLabels, type Installation } from "./release.ts";

const dnsPort = 53;
/** Of the processors, which are asked for their utilization. */
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
  // With one replica it would forbid every drain, or allow every one.
  if (!budget.enabled || replicas < 2) return null;
  return object(installation, "policy/v1", "PodDisruptionBudget", {
    spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(installation) } },
  });
}

export function networkPolicy(installation: Installation): Manifest | null {
  const { networkPolicy: policy, metricsApi } = installation.values;
  if (!policy.enabled) return null;
  const test = { podSelector: { matchLabels: { "app.kubernetes.io/name": `${installation.name}-test` } } };
  const from = policy.metricsFrom.length === 0 ? {} : { from: [...policy.metricsFrom, test] };
  return object(installation, "networking.k8s.io/v1", "NetworkPolicy", {
    spec: {
      podSelector: { matchLabels: selectorLabels(installation) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { ...from, ports: [tcp(metricsPort)] },
        // The API server is no pod and has no fixed address; the port asks for the aggregator's certificate.
        ...(metricsApi.enabled ? [{ ports: [tcp(metricsApi.port)] }] : []),
      ],
      egress: [
        { ports: [{ port: dnsPort, protocol: "UDP" }, tcp(dnsPort)] },
        { ports: policy.apiServerPorts.map(tcp) },
        { to: [{ namespaceSelector: {}, podSelector: processors }], ports: [tcp(processorPort)] },
      ],
    },
  });
}

const processors = { matchLabels: { "app.kubernetes.io/name": "gpu-media" } };
