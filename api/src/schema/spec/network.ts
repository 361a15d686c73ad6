/** Ingress, Gateway and network policies. */
import { Type } from "typebox";
import {
  annotationMap,
  flag,
  hostName,
  list,
  object,
  objectName,
  oneOf,
  positiveSeconds,
  labelName,
  seconds,
  settings,
  text,
  wholeNumber,
  type CelRule,
} from "../scalars.ts";
import { allowedOrigins } from "../origins.ts";
import { labelSelector } from "../selectors.ts";

const ingress = settings(
  { description: "An Ingress with the performance guide's settings for ingress-nginx." },
  {
    enabled: flag("Whether to create an Ingress. Requires host."),
    host: hostName("Host name that the Ingress serves."),
    className: objectName("Name of the IngressClass."),
    tlsSecretName: objectName("Name of the Secret with the host's certificate. Defaults to no TLS."),
    annotations: annotationMap("Additional annotations. They override those that the operator sets."),
    hashBy: text(
      "Key by which ingress-nginx assigns requests to pods, in nginx syntax. Empty spreads them. The guide's $request_uri sends all uploads to one pod. With processing.upstream.allowedHosts and unless set, it is $request_uri and what differs between uploads.",
      253,
      "^[-$A-Za-z0-9_{} ]*$",
    ),
    connectTimeout: positiveSeconds("Timeout for connecting to a pod."),
    sendTimeout: positiveSeconds("Timeout between two writes to a pod."),
    readTimeout: positiveSeconds("Timeout between two reads from a pod."),
    maxBodySize: text(
      "Maximum size of a request body, in nginx syntax: 10m is 10 MiB. 0 means no limit.",
      16,
      "^[0-9]{1,9}[kKmMgG]?$",
    ),
  },
);

const parentRef = object(
  { description: "A Gateway or one of its listeners." },
  {
    name: objectName("Name of the Gateway."),
    namespace: Type.Optional(labelName("Namespace of the Gateway. Defaults to the service's namespace.")),
    group: Type.Optional(text("API group of the parent. Defaults to gateway.networking.k8s.io.", 253)),
    kind: Type.Optional(text("Kind of the parent. Defaults to Gateway.", 63, "^[A-Za-z][-A-Za-z0-9]*$")),
    sectionName: Type.Optional(objectName("Name of the listener.")),
    port: Type.Optional(wholeNumber("Port of the listener.", 1, 65_535)),
  },
);

export const parentRefs = (description: string) => list("atomic", { description }, parentRef);

const gateway = settings(
  { description: "An HTTPRoute of the Gateway API, created when parentRefs is not empty." },
  {
    parentRefs: parentRefs("The Gateways that route to the service."),
    hostnames: list(
      "set",
      { description: "Host names of the route. Empty means those of the Gateway.", maxItems: 16 },
      hostName("A host name."),
    ),
  },
);

const addresses = (description: string) => Type.String({ description, maxLength: 43, format: "cidr" });

const peers = (description: string, maxItems?: number) =>
  list(
    "atomic",
    { description, ...(maxItems === undefined ? {} : { maxItems }) },
    settings(
      {
        description: "A peer, as in networking.k8s.io/v1.",
        rules: [
          {
            rule: "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
            message: "set either ipBlock, or podSelector, namespaceSelector or both",
          },
        ],
      },
      {
        podSelector: labelSelector(
          "Selects pods by label, in the service's namespace or in those that namespaceSelector selects.",
        ),
        namespaceSelector: labelSelector("Selects namespaces by label."),
        ipBlock: object(
          { description: "A range of IP addresses." },
          {
            cidr: addresses("The range in CIDR notation, such as 10.0.0.0/8."),
            except: Type.Optional(
              list(
                "atomic",
                { description: "Ranges to exclude." },
                addresses("A range within cidr, such as 10.1.0.0/16."),
              ),
            ),
          },
        ),
      },
    ),
  );

const policyPorts = list(
  "atomic",
  { description: "The ports. Empty means all.", maxItems: 32 },
  object(
    {
      description: "A port or a range of ports of a pod.",
      rules: [
        {
          rule: "!has(self.endPort) || self.endPort >= self.port",
          message: "endPort must not be less than port",
          fieldPath: ".endPort",
        },
      ],
    },
    {
      port: wholeNumber("Number of the port, or the first of a range.", 1, 65_535),
      endPort: Type.Optional(wholeNumber("The last port of a range.", 1, 65_535)),
      protocol: Type.Optional(oneOf(["TCP", "UDP", "SCTP"], "Protocol of the port. Defaults to TCP.")),
    },
  ),
);

/** An empty rule of a NetworkPolicy allows all traffic. */
const notEmpty = (side: "from" | "to"): readonly CelRule[] => [
  {
    rule: `(has(self.${side}) && self.${side}.size() > 0) || (has(self.ports) && self.ports.size() > 0)`,
    message: `a rule without ${side} and ports allows everything: set one of them, or networkPolicy.enabled: false`,
  },
];

const ingressRules = list(
  "atomic",
  {
    description: "Additional allowed traffic to the pods, such as to the metrics port of an injected proxy.",
    maxItems: 16,
  },
  settings(
    { description: "Peers and ports, as in networking.k8s.io/v1.", rules: notEmpty("from") },
    { from: peers("Peers that may send. Empty means all.", 16), ports: policyPorts },
  ),
);

const egressRules = list(
  "atomic",
  { description: "Additional allowed traffic from the pods, such as to a tracing backend.", maxItems: 16 },
  settings(
    { description: "Peers and ports, as in networking.k8s.io/v1.", rules: notEmpty("to") },
    { to: peers("Peers that may receive. Empty means all.", 16), ports: policyPorts },
  ),
);

const networkPolicy = settings(
  { description: "A NetworkPolicy that allows only the required ingress and egress traffic." },
  {
    enabled: flag("Whether to create a NetworkPolicy."),
    from: peers("Peers that may send requests. Empty allows all."),
    monitoringFrom: peers("Peers that may scrape metrics, besides the operator. Used only when from is not empty."),
    ingress: ingressRules,
    egress: egressRules,
  },
);

const upload = settings(
  { description: "How long a pod waits for the body of a request." },
  {
    pauseTimeout: positiveSeconds("How long a body may pause. Then the request fails with status 408."),
    timeout: positiveSeconds("How long a whole body may take. Then the request fails with status 408."),
  },
);

const cors = settings(
  { description: "Requests of web pages from other origins." },
  { allowedOrigins: allowedOrigins("Origins whose pages may send requests. Empty allows none.") },
);

const connections = settings(
  { description: "The connections that clients and proxies keep open to a pod." },
  {
    keepAlive: positiveSeconds(
      "How long a pod keeps an idle connection. It must be longer than the idle timeout of the proxy in front, which otherwise sends a request into a connection that is being closed and responds with 502.",
    ),
    maxAge: seconds(
      "Age at which a pod closes a connection, after a response, so that its client connects to any pod again. 0s means no limit.",
    ),
    maxRequests: wholeNumber(
      "Number of requests after which a pod closes a connection. 0 means no limit.",
      0,
      1_000_000_000,
    ),
  },
);

export const network = settings(
  { description: "How clients reach the service." },
  {
    ingress,
    gateway,
    upload,
    cors,
    trafficDistribution: oneOf(
      ["PreferSameZone", "PreferSameNode", "PreferClose"],
      "Which pods the Service prefers. PreferSameZone and PreferSameNode require Kubernetes 1.34; PreferClose is the older name of PreferSameZone. Defaults to all pods alike.",
    ),
    cacheMaxAge: seconds("How long a CDN may cache a response (Cache-Control: max-age)."),
    connections,
    mesh: oneOf(
      ["None", "Istio", "Linkerd"],
      "The service mesh that injects proxies into the pods, or tunnels their traffic. Its control plane and its tunnels are allowed in the NetworkPolicy, and load tests wait for their proxy.",
    ),
    networkPolicy,
  },
);
