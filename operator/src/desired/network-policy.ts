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
  const { live, network } = service;
  const { mesh: meshName, networkPolicy: more } = network;
  if (!more.enabled) return null;
  const mesh = meshes[meshName];
  return child(service, "networkPolicy", {
    spec: {
      podSelector: { matchLabels: selectorLabels(service) },
      policyTypes: ["Ingress", "Egress"],
      ingress: [
        { ...sources(service, operatorNamespace), ports: [tcp(httpPort), ...mesh.tunnelPorts.map(tcp)] },
        ...probes(service, mesh),
        // Anywhere: clients, and the load balancer in front of them.
        ...(live.enabled ? [{ ports: [udp(live.udpPort)] }] : []),
        ...rules(more.ingress),
      ],
      egress: [
        { ports: dnsPorts(service, features).flatMap((port) => [udp(port), tcp(port)]) },
        ...upstream(service, mesh),
        ...mesh.egress,
        ...peers(service, mesh),
        ...rules(more.egress),
      ],
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
    ...(service.live.enabled ? [ownPods(service)] : []),
  ];
  return { from: withoutEmpties(peers) };
}

/** A pod forwards the requests and packets of live video that belong to a session of another one. */
function peers(service: EffectiveService, { tunnelPorts }: Mesh): readonly object[] {
  const { enabled, udpPort } = service.live;
  if (!enabled) return [];
  return [{ to: [ownPods(service)], ports: [udp(udpPort), tcp(httpPort), ...tunnelPorts.map(tcp)] }];
}

function ownPods(service: EffectiveService): object {
  return { podSelector: { matchLabels: selectorLabels(service) } };
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

/** Istio's ambient mode gives kubelets' probes this source, which a list of peers would exclude. */
function probes(service: EffectiveService, { probesFrom }: Mesh): readonly object[] {
  if (service.network.networkPolicy.from.length === 0 || probesFrom.length === 0) return [];
  return [{ from: probesFrom.map((cidr) => ({ ipBlock: { cidr } })), ports: [tcp(httpPort)] }];
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
function upstream(service: EffectiveService, { tunnelPorts }: Mesh): readonly object[] {
  const { allowedHosts } = service.processing.upstream;
  if (allowedHosts.length === 0) return [];
  const anywhere = [
    { ipBlock: { cidr: "0.0.0.0/0", except: ["169.254.0.0/16"] } },
    { ipBlock: { cidr: "::/0", except: ["fe80::/10"] } },
  ];
  const named = allowedHosts.flatMap((host) => /:(\d+)$/.exec(host)?.[1] ?? []).map(Number);
  const ports = [...new Set([80, 443, ...named, ...tunnelPorts])].toSorted((a, b) => a - b);
  return [{ to: anywhere, ports: ports.map(tcp) }];
}

/** The rules of the spec, as the API server stores them. */
function rules(given: EffectiveService["network"]["networkPolicy"]["ingress" | "egress"]): readonly object[] {
  return withoutEmpties(
    given.map(({ ports = [], ...peers }) => ({ ...peers, ports: ports.map((port) => ({ protocol: "TCP", ...port })) })),
  );
}

const tcp = (port: number) => ({ port, protocol: "TCP" });
const udp = (port: number) => ({ port, protocol: "UDP" });

interface Mesh {
  /** Ports of a pod at which the traffic of other pods in the mesh arrives. */
  readonly tunnelPorts: readonly number[];
  readonly probesFrom: readonly string[];
  /** To the control plane: without it an injected proxy never becomes ready, and neither does its pod. */
  readonly egress: readonly object[];
}

const meshes: Readonly<Record<EffectiveService["network"]["mesh"], Mesh>> = {
  None: { tunnelPorts: [], probesFrom: [], egress: [] },
  /**
   * Sidecar and ambient mode. 15012: istiod's xDS and CA; 15008: HBONE.
   *
   * @see https://istio.io/latest/docs/ops/deployment/application-requirements/ and
   *   https://istio.io/latest/docs/ambient/usage/networkpolicy/
   */
  Istio: {
    tunnelPorts: [15_008],
    probesFrom: ["169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"],
    egress: [
      { to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "istiod" } } }], ports: [tcp(15_012)] },
    ],
  },
  /**
   * 4143: the proxy's port, to which meshed clients connect. 8080: identity, 8086: destination, 8090: policy.
   *
   * @see https://linkerd.io/2/common-errors/network-policy/
   */
  Linkerd: {
    tunnelPorts: [4143],
    probesFrom: [],
    egress: [
      {
        to: [{ namespaceSelector: { matchLabels: { "linkerd.io/is-control-plane": "true" } } }],
        ports: [8080, 8086, 8090].map(tcp),
      },
    ],
  },
};
