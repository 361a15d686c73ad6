import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { sampleService } from "../desired/service.sample.ts";
import type { ChildRole } from "../observe/child-kinds.ts";
import type { ChildStatus, StatusCondition } from "../observe/child-view.ts";
import type { GatewayView, Listener, ParentRef } from "../observe/gateway-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import { endpoint, exposed, externalRoutes } from "./exposed.ts";
import type { ExposedReason } from "./reasons.ts";
import { sampleChild, sampleStatusInput } from "./status-input.sample.ts";

type Network = GpuMediaServiceSpec["network"];

const inCluster = "http://upscaler.media.svc";
const hostnames = ["media.example.org"];
const https: ParentRef = { name: "public", namespace: "gateways", sectionName: "https" };
const either: ParentRef = { name: "public", namespace: "gateways" };
const routed = (...parentRefs: readonly ParentRef[]): Network => ({
  gateway: { parentRefs: [...parentRefs], hostnames },
});

function condition(type: string, status: string, reason: string, message = ""): StatusCondition {
  return { type, status, reason, message, observedGeneration: 1 };
}

/** As Traefik 3.7 reports them. */
const accepted = [condition("Accepted", "True", "Accepted"), condition("ResolvedRefs", "True", "ResolvedRefs")];
/** As the API server returns the reference that the operator sends. */
const stored = { group: "gateway.networking.k8s.io", kind: "Gateway" };
const reports = (ref: ParentRef, conditions: readonly StatusCondition[]): ChildStatus => ({
  parents: [{ parentRef: { ...stored, ...ref }, conditions }],
});

function listener(name: string, protocol: string, change: Partial<Listener> = {}): Listener {
  return { name, port: protocol === "HTTPS" ? 443 : 80, protocol, conditions: [], ...change };
}

function gateway(...listeners: readonly Listener[]): GatewayView {
  return { key: "gateways/public", className: "traefik", listeners, conditions: [] };
}

const addressed: ChildStatus = { loadBalancer: { ingress: [{ ip: "192.0.2.10" }] } };
const both = gateway(listener("http", "HTTP"), listener("https", "HTTPS"));
const noCertificate = condition("ResolvedRefs", "False", "InvalidCertificateRef", "Secret tls does not exist");
const routes = isTrue("Routed", "Gateway gateways/public routes to the service");
const notYet = unknown(
  "NotAcceptedYet",
  "Gateway gateways/public has not accepted the route yet; check that the controller of GatewayClass traefik runs",
);

describe("Exposed, and the endpoint", () => {
  const cases: {
    readonly [title: string]: {
      readonly network?: Network;
      readonly ingress?: ChildStatus;
      /** `managedFields` name it as the writer of the address. */
      readonly addressManager?: string;
      /** The controllers of IngressClasses by name; undefined: they are not known. */
      readonly classes?: Readonly<Record<string, string>>;
      /** Of the HTTPRoute, whose generation is 1; undefined: it does not exist. */
      readonly route?: ChildStatus;
      /** Null: they are not known. Default: one with the listeners http and https. */
      readonly gateway?: GatewayView | null | undefined;
      readonly skipped?: readonly ChildRole[];
      readonly verdict: Verdict<ExposedReason>;
      /** Default: within the cluster. */
      readonly url?: string;
    };
  } = {
    "no Ingress and no Gateway": {
      verdict: isTrue("NotNeeded", "no Ingress or Gateway is set; clients in the cluster reach the Service"),
    },
    "an Ingress that is disabled": {
      network: { ingress: { enabled: false, host: "media.example.com" } },
      verdict: isTrue("NotNeeded", "no Ingress or Gateway is set; clients in the cluster reach the Service"),
    },
    "an Ingress with an address": {
      network: { ingress: { enabled: true, host: "media.example.com" } },
      ingress: addressed,
      verdict: isTrue("Routed", "Ingress upscaler has the address 192.0.2.10"),
      url: "http://media.example.com",
    },
    "an Ingress of ingress-nginx": {
      network: { ingress: { enabled: true, host: "media.example.com" } },
      ingress: addressed,
      addressManager: "nginx-ingress-controller",
      classes: { nginx: "k8s.io/ingress-nginx" },
      verdict: isTrue("Routed", "Ingress upscaler has the address 192.0.2.10"),
      url: "http://media.example.com",
    },
    "an Ingress of ingress-nginx's class that Traefik serves, as the field manager of its address shows": {
      network: { ingress: { enabled: true, host: "media.example.com" } },
      ingress: addressed,
      addressManager: "traefik",
      classes: { nginx: "k8s.io/ingress-nginx" },
      verdict: isTrue(
        "SettingsIgnored",
        'Ingress upscaler has the address 192.0.2.10; Traefik does not honour network.ingress.maxBodySize: only the pods limit requests, by processing.limits.bodyBytes; network.ingress.annotations nginx.ingress.kubernetes.io/proxy-request-buffering: "on" makes it buffer and limit them',
      ),
      url: "http://media.example.com",
    },
    "an Ingress of Traefik's own class": {
      network: { ingress: { enabled: true, host: "media.example.com", className: "traefik" } },
      ingress: addressed,
      addressManager: "traefik",
      classes: { traefik: "traefik.io/ingress-controller" },
      verdict: isTrue(
        "SettingsIgnored",
        "Ingress upscaler has the address 192.0.2.10; Traefik does not honour network.ingress.{connectTimeout,sendTimeout,readTimeout,maxBodySize}: it reads no annotations of ingress-nginx; configure Traefik itself, or set its own annotations in network.ingress.annotations",
      ),
      url: "http://media.example.com",
    },
    "an Ingress of a class whose controller is not known": {
      network: { ingress: { enabled: true, host: "media.example.com", className: "internal" } },
      ingress: addressed,
      classes: { internal: "example.com/internal" },
      verdict: isTrue("Routed", "Ingress upscaler has the address 192.0.2.10"),
      url: "http://media.example.com",
    },
    "an Ingress whose class does not exist": {
      network: { ingress: { enabled: true, host: "media.example.com" } },
      ingress: {},
      classes: { traefik: "traefik.io/ingress-controller", alb: "ingress.k8s.aws/alb" },
      verdict: unknown(
        "NoAddress",
        "Ingress upscaler has no address; IngressClass nginx does not exist: install its controller, or set network.ingress.className (alb, traefik)",
      ),
    },
    "an Ingress whose class exists, without an address": {
      network: { ingress: { enabled: true, host: "media.example.com" } },
      ingress: {},
      classes: { nginx: "k8s.io/ingress-nginx" },
      verdict: unknown(
        "NoAddress",
        "Ingress upscaler has no address; check that the controller of IngressClass nginx runs and publishes the address of its Service",
      ),
    },
    "an Ingress with TLS and the name of a load balancer": {
      network: { ingress: { enabled: true, host: "media.example.com", tlsSecretName: "tls" } },
      ingress: { loadBalancer: { ingress: [{ hostname: "lb.example.net" }] } },
      verdict: isTrue("Routed", "Ingress upscaler has the address lb.example.net"),
      url: "https://media.example.com",
    },
    "an Ingress that no controller serves": {
      network: { ingress: { enabled: true, host: "media.example.com" } },
      ingress: { loadBalancer: {} },
      verdict: unknown(
        "NoAddress",
        "Ingress upscaler has no address; check that the controller of IngressClass nginx runs and publishes the address of its Service",
      ),
    },
    "the Gateway API is not installed": {
      network: routed(https),
      skipped: ["httpRoute"],
      gateway: null,
      verdict: isFalse(
        "ApiMissing",
        "the Gateway API is not installed, so nothing routes to the service; install its CRDs, or use network.ingress",
      ),
    },
    "no such Gateway, so that no controller ever writes a status": {
      network: routed(https),
      route: {},
      gateway: undefined,
      verdict: isFalse(
        "NoSuchGateway",
        "Gateway gateways/public does not exist; create it, or correct network.gateway.parentRefs",
      ),
    },
    "a Gateway of the service's own namespace does not exist": {
      network: routed({ name: "public" }),
      route: {},
      verdict: isFalse(
        "NoSuchGateway",
        "Gateway media/public does not exist; create it, or correct network.gateway.parentRefs",
      ),
    },
    "the controller has not evaluated the route": { network: routed(https), route: {}, verdict: notYet },
    "the route has not been created": { network: routed(https), verdict: notYet },
    "the controller has evaluated an earlier route": {
      network: routed(https),
      route: reports(https, [{ ...condition("Accepted", "True", "Accepted"), observedGeneration: 0 }]),
      verdict: notYet,
    },
    "the report is about another listener": {
      network: routed(https),
      route: reports({ ...https, sectionName: "http" }, accepted),
      verdict: notYet,
    },
    "the Gateway has no listener of that name (Traefik 3.7)": {
      network: routed(https),
      route: reports(https, [condition("Accepted", "False", "NoMatchingParent")]),
      gateway: gateway(listener("http", "HTTP")),
      verdict: isFalse(
        "NotAccepted",
        "Gateway gateways/public does not accept the route: NoMatchingParent; name one of its listeners (http) in network.gateway.parentRefs",
      ),
    },
    "the listener does not admit the namespace (Traefik 3.7)": {
      network: routed(https),
      route: reports(https, [condition("Accepted", "False", "NotAllowedByListeners")]),
      verdict: isFalse(
        "NotAccepted",
        "Gateway gateways/public does not accept the route: NotAllowedByListeners; allowedRoutes of its listener must admit namespace media",
      ),
    },
    "no listener has the host name": {
      network: routed(either),
      route: reports(either, [condition("Accepted", "False", "NoMatchingListenerHostname")]),
      verdict: isFalse(
        "NotAccepted",
        "Gateway gateways/public does not accept the route: NoMatchingListenerHostname; network.gateway.hostnames must match its listener's hostname",
      ),
    },
    "the Gateway cannot resolve a reference of the route": {
      network: routed(https),
      route: reports(https, [
        condition("Accepted", "True", "Accepted"),
        condition("ResolvedRefs", "False", "BackendNotFound", "Service upscaler not found"),
      ]),
      verdict: isFalse(
        "NotAccepted",
        "Gateway gateways/public does not accept the route: BackendNotFound: Service upscaler not found; see kubectl describe httproute upscaler -n media",
      ),
    },
    "accepted by an https listener": {
      network: routed(https),
      route: reports(https, accepted),
      verdict: routes,
      url: "https://media.example.org",
    },
    "accepted, reported without the API server's defaults": {
      network: routed(https),
      route: { parents: [{ parentRef: https, conditions: accepted }] },
      verdict: routes,
      url: "https://media.example.org",
    },
    "accepted by an http listener": {
      network: routed({ ...https, sectionName: "http" }),
      route: reports({ ...https, sectionName: "http" }, accepted),
      verdict: isTrue("Routed", "Gateway gateways/public routes to the service"),
      url: "http://media.example.org",
    },
    "accepted by two listeners, one of them https": {
      network: routed(either),
      route: reports(either, accepted),
      verdict: isTrue("Routed", "Gateway gateways/public routes to the service"),
      url: "https://media.example.org",
    },
    "accepted by two listeners, and https is for another host": {
      network: routed(either),
      route: reports(either, accepted),
      gateway: gateway(listener("http", "HTTP"), listener("https", "HTTPS", { hostname: "*.example.com" })),
      verdict: isTrue("Routed", "Gateway gateways/public routes to the service"),
      url: "http://media.example.org",
    },
    "accepted by two listeners, and https has no certificate": {
      network: routed(either),
      route: reports(either, accepted),
      gateway: gateway(listener("http", "HTTP"), listener("https", "HTTPS", { conditions: [noCertificate] })),
      verdict: isTrue("Routed", "Gateway gateways/public routes to the service"),
      url: "http://media.example.org",
    },
    "accepted by the listener of a port": {
      network: routed({ ...either, port: 443 }),
      route: reports({ ...either, port: 443 }, accepted),
      verdict: isTrue("Routed", "Gateway gateways/public routes to the service"),
      url: "https://media.example.org",
    },
    "accepted, and the host name is that of the listener": {
      network: { gateway: { parentRefs: [https] } },
      route: reports(https, accepted),
      gateway: gateway(listener("https", "HTTPS", { hostname: "listener.example.org" })),
      verdict: routes,
      url: "https://listener.example.org",
    },
    "accepted, and no host name is known": {
      network: { gateway: { parentRefs: [https] } },
      route: reports(https, accepted),
      gateway: gateway(listener("https", "HTTPS", { hostname: "*.example.org" })),
      verdict: routes,
    },
    "accepted, and the Gateways may not be listed": {
      network: routed(https),
      route: reports(https, accepted),
      gateway: null,
      verdict: routes,
      url: "http://media.example.org",
    },
    "accepted, and the listener has no certificate": {
      network: routed(https),
      route: reports(https, accepted),
      gateway: gateway(
        listener("https", "HTTPS", { conditions: [condition("Programmed", "False", "Invalid"), noCertificate] }),
      ),
      verdict: isFalse(
        "GatewayNotReady",
        "listener https of Gateway gateways/public is not ready: InvalidCertificateRef: Secret tls does not exist; repair the Gateway",
      ),
    },
    "accepted, and the Gateway has no address (Envoy Gateway)": {
      network: routed(https),
      route: reports(https, accepted),
      gateway: { ...both, conditions: [condition("Programmed", "False", "AddressNotAssigned", "No addresses")] },
      verdict: isFalse(
        "GatewayNotReady",
        "Gateway gateways/public is not ready: AddressNotAssigned: No addresses; repair the Gateway",
      ),
    },
    "accepted by one of two controllers of the same Gateway": {
      network: routed(https),
      route: {
        parents: [
          { parentRef: https, conditions: [condition("Accepted", "False", "NoMatchingParent")] },
          { parentRef: https, conditions: accepted },
        ],
      },
      verdict: routes,
      url: "https://media.example.org",
    },
    "accepted by a parent of another kind": {
      network: routed({ kind: "ListenerSet", name: "ours" }),
      route: reports({ kind: "ListenerSet", name: "ours" }, accepted),
      verdict: isTrue("Routed", "ListenerSet media/ours routes to the service"),
      url: "http://media.example.org",
    },
    "accepted by one Gateway, and another does not exist": {
      network: routed({ name: "gone" }, https),
      route: reports(https, accepted),
      verdict: isFalse(
        "NoSuchGateway",
        "Gateway media/gone does not exist; create it, or correct network.gateway.parentRefs",
      ),
      url: "https://media.example.org",
    },
    "an Ingress without an address, beside a Gateway that routes": {
      network: { ingress: { enabled: true, host: "media.example.com" }, ...routed(https) },
      ingress: {},
      route: reports(https, accepted),
      verdict: unknown(
        "NoAddress",
        "Ingress upscaler has no address; check that the controller of IngressClass nginx runs and publishes the address of its Service",
      ),
      url: "https://media.example.org",
    },
    "two Gateways that do not exist": {
      network: routed({ name: "a" }, { name: "b" }),
      verdict: isFalse(
        "NoSuchGateway",
        "Gateway media/a does not exist; create it, or correct network.gateway.parentRefs; and Gateway media/b does not exist; create it, or correct network.gateway.parentRefs",
      ),
    },
  };
  for (const [
    title,
    { network = {}, ingress, addressManager, classes, route, skipped = [], verdict, url = inCluster, ...more },
  ] of Object.entries(cases)) {
    it(`${title}: ${verdict.status} ${verdict.reason}, ${url}`, () => {
      const known = "gateway" in more ? more.gateway : both;
      const service = sampleService({ network });
      const found = externalRoutes(
        sampleStatusInput({
          service,
          ingress:
            ingress && sampleChild({ status: ingress, ...(addressManager === undefined ? {} : { addressManager }) }),
          ingressClasses:
            classes && new Map(Object.entries(classes).map(([name, controller]) => [name, { name, controller }])),
          httpRoute: route && sampleChild({ status: route }),
          gateways: known === null ? undefined : new Map(known === undefined ? [] : [[known.key, known]]),
          skipped: new Set(skipped),
        }),
      );
      assert.deepEqual(exposed(found), verdict);
      assert.equal(endpoint(service, found), url);
    });
  }
});
