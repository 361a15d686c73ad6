/** NetworkPolicy of a service: admits only the traffic that it needs (guide, Pre-deployment). */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { withoutEmpties } from "./canonical.ts";
import { child, selectorLabels } from "./child.ts";
import { loadTestOfLabel } from "../observe/names.ts";
import type { ChildContext, ClusterFeatures } from "./context.ts";
import { isAssigned } from "./pod-user.ts";
import { httpPort } from "./container.ts";

export function networkPolicy(
  service: EffectiveService,
  { operatorNamespace, features }: Pick<ChildContext, "operatorNamespace" | "features">,
): Manifest | null {
  if (!service.network.networkPolicy.enabled) return null;
  return child(service, "networkPolicy", {
    spec: {
      podSelector: { matchLabels: selectorLabels(service) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ ...sources(service, operatorNamespace), ports: [tcp(httpPort)] }],
      egress: [{ ports: dnsPorts(service, features).flatMap((port) => [udp(port), tcp(port)]) }, ...upstream(service)],
    },
  });
}

/** OpenShift's DNS pods listen on 5353, and its policies apply to the port of the pod, not to that of the Service. */
function dnsPorts(service: EffectiveService, features: ClusterFeatures): readonly number[] {
  return isAssigned(service, features) ? [53, 5353] : [53];
}

/**
 * Without `from`, every peer may use the one port. With `from`, the policy also admits the peers that the service needs:
 * Prometheus, the operator, which collects the utilization, load tests, and the proxies of the spec.
 */
function sources(service: EffectiveService, operatorNamespace: string): object {
  const { from, monitoringFrom } = service.network.networkPolicy;
  if (from.length === 0) return {};
  const peers = [
    ...from,
    ...monitoringFrom,
    namespacePeer(operatorNamespace),
    loadTestPeer(service),
    ...ingressProxies(service),
    ...gateways(service),
  ];
  return { from: withoutEmpties(peers) };
}

/** Both the chart and the plain manifests of ingress-nginx set this label. */
function ingressProxies(service: EffectiveService): readonly object[] {
  if (!service.network.ingress.enabled) return [];
  return [{ namespaceSelector: {}, podSelector: { matchLabels: { "app.kubernetes.io/name": "ingress-nginx" } } }];
}

/** A Gateway's proxies usually run in its namespace; others must be named in `from`. */
function gateways(service: EffectiveService): readonly object[] {
  const namespaces = service.network.gateway.parentRefs.map(({ namespace }) => namespace ?? service.namespace);
  return [...new Set(namespaces)].map(namespacePeer);
}

/** Load tests run in the service's own namespace. */
function loadTestPeer({ name }: EffectiveService): object {
  return { podSelector: { matchLabels: { [loadTestOfLabel]: name } } };
}

function namespacePeer(namespace: string): object {
  return { namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } } };
}

/**
 * Admits traffic to the hosts of pictures. A policy can name them only by address, so it allows all but the link-local
 * ones, at which clouds serve the credentials of a node.
 */
function upstream(service: EffectiveService): readonly object[] {
  const { allowedHosts } = service.processing.upstream;
  if (allowedHosts.length === 0) return [];
  const anywhere = [
    { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
    { ipBlock: { cidr: "::/0", except: ["fe80::/10"] } },
  ];
  const named = allowedHosts.flatMap((host) => /:(\d+)$/.exec(host)?.[1] ?? []).map(Number);
  const ports = [...new Set([80, 443, ...named])].toSorted((a, b) => a - b);
  return [{ to: anywhere, ports: ports.map(tcp) }];
}

const tcp = (port: number) => ({ port, protocol: "TCP" });
const udp = (port: number) => ({ port, protocol: "UDP" });
