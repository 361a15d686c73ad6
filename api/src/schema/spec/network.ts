/** How requests reach the pods. */
import { Type } from "typebox";
import {
  annotationMap,
  flag,
  hostName,
  list,
  object,
  objectName,
  positiveSeconds,
  labelName,
  seconds,
  settings,
  text,
  wholeNumber,
} from "../scalars.ts";
import { labelSelector } from "../selectors.ts";

const ingress = settings(
  { description: "An Ingress, with the guide's settings for ingress-nginx." },
  {
    enabled: flag("Whether there is one."),
    host: hostName("The host that it serves."),
    className: objectName("Its IngressClass."),
    tlsSecretName: objectName("A Secret with the host's certificate. Absent: no TLS."),
    annotations: annotationMap("More annotations; they win over those that the operator sets."),
    hashBy: text(
      "What decides which pod gets a request, as nginx writes it; empty: any pod.",
      253,
      "^[-$A-Za-z0-9_{} ]*$",
    ),
    connectTimeout: positiveSeconds("To connect to a pod."),
    sendTimeout: positiveSeconds("Between two writes to a pod."),
    readTimeout: positiveSeconds("Between two reads from a pod."),
    maxBodySize: text(
      "The largest request, as nginx writes it: 10m is 10 MiB; 0 is no limit.",
      16,
      "^[0-9]{1,9}[kKmMgG]?$",
    ),
  },
);

const parentRef = object(
  { description: "A Gateway or one of its listeners." },
  {
    name: objectName("Its name."),
    namespace: Type.Optional(labelName("Its namespace. Absent: the service's.")),
    group: Type.Optional(text("Its API group. Absent: gateway.networking.k8s.io.", 253)),
    kind: Type.Optional(text("Its kind. Absent: Gateway.", 63, "^[A-Za-z][-A-Za-z0-9]*$")),
    sectionName: Type.Optional(objectName("The listener.")),
    port: Type.Optional(wholeNumber("The listener's port.", 1, 65_535)),
  },
);

const gateway = settings(
  { description: "An HTTPRoute of the Gateway API, made when there are parentRefs." },
  {
    parentRefs: list("atomic", { description: "The Gateways that route to the service." }, parentRef),
    hostnames: list(
      "set",
      { description: "Host names. Empty: those of the Gateway.", maxItems: 16 },
      hostName("A host."),
    ),
  },
);

const addresses = (description: string) => Type.String({ description, maxLength: 43, format: "cidr" });

const peers = (description: string) =>
  list(
    "atomic",
    { description },
    settings(
      {
        description: "A peer, as in networking.k8s.io/v1.",
        rules: [
          {
            rule: "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
            message: "a peer is either an ipBlock, or a podSelector and/or a namespaceSelector",
          },
        ],
      },
      {
        podSelector: labelSelector("Pods by label: of the service's namespace, or of those in namespaceSelector."),
        namespaceSelector: labelSelector("Namespaces by label."),
        ipBlock: object(
          { description: "Addresses." },
          {
            cidr: addresses("Such as 10.0.0.0/8."),
            except: Type.Optional(
              list("atomic", { description: "But not these." }, addresses("Such as 10.1.0.0/16; within cidr.")),
            ),
          },
        ),
      },
    ),
  );

const networkPolicy = settings(
  { description: "A NetworkPolicy: only what is needed comes in and goes out." },
  {
    enabled: flag("Whether there is one."),
    from: peers("Who may send requests. Empty: everybody."),
    monitoringFrom: peers("Who may scrape metrics, beside the operator. Only matters when from is not empty."),
  },
);

export const network = settings(
  { description: "How requests reach the pods." },
  {
    ingress,
    gateway,
    cacheMaxAge: seconds("How long a CDN may keep a picture (Cache-Control: max-age)."),
    networkPolicy,
  },
);
