/** The Gateways of a service: does each of them route to it, and at which URL? */
import { childName } from "../observe/child-kinds.ts";
import type { ChildView, StatusCondition } from "../observe/child-view.ts";
import { gatewayGroup, gatewayKey, type GatewayView, type Listener, type ParentRef } from "../observe/gateway-view.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import type { ExposedReason } from "./reasons.ts";
import type { StatusInput } from "./status-input.ts";

/** A way from outside the cluster: the Ingress, or one of the Gateways. */
export interface ExternalRoute {
  readonly verdict: Verdict<ExposedReason>;
  /** Undefined where no host name is known. */
  readonly url: string | undefined;
}

type Input = Pick<StatusInput, "service" | "httpRoute" | "udpRoute" | "gateways" | "skipped">;

/** A route of the service, and where the spec names its Gateways. */
interface ServiceRoute {
  readonly field: "network.gateway" | "live.gateway";
  readonly parentRefs: readonly ParentRef[];
  /** Empty: those of the Gateways, or none. */
  readonly hostnames: readonly string[];
  readonly kind: "HTTPRoute" | "UDPRoute";
  readonly name: string;
  readonly child: ChildView | undefined;
  readonly namespace: string;
  /** What it does. */
  readonly serves: string;
}

export function gatewayRoutes(input: Input): readonly ExternalRoute[] {
  const { service, httpRoute, gateways, skipped } = input;
  const { parentRefs, hostnames } = service.network.gateway;
  if (parentRefs.length > 0 && skipped.has("httpRoute")) {
    const message =
      "the Gateway API is not installed, so nothing routes to the service; install its CRDs, or use network.ingress";
    return [{ verdict: isFalse("ApiMissing", message), url: undefined }];
  }
  const route: ServiceRoute = {
    field: "network.gateway",
    parentRefs,
    hostnames,
    kind: "HTTPRoute",
    name: service.name,
    child: httpRoute,
    namespace: service.namespace,
    serves: "routes to the service",
  };
  return parentRefs.map((ref) => {
    const { verdict, listeners } = parentRoute(ref, route, gateways);
    return { verdict, url: urlOf(hostnames, listeners.filter(isServing)) };
  });
}

/** The Gateways of STUNner, which relay live video. */
export function relayRoutes(input: Input): readonly ExternalRoute[] {
  const { service, udpRoute, gateways, skipped } = input;
  const { enabled, gateway } = service.live;
  const { parentRefs } = gateway;
  if (!enabled) return [];
  if (parentRefs.length > 0 && skipped.has("udpRoute")) {
    const message =
      "STUNner's UDPRoute is not installed, so no relay admits live video; install STUNner, or remove live.gateway";
    return [{ verdict: isFalse("ApiMissing", message), url: undefined }];
  }
  const route: ServiceRoute = {
    field: "live.gateway",
    parentRefs,
    hostnames: [],
    kind: "UDPRoute",
    name: childName("udpRoute", service.name),
    child: udpRoute,
    namespace: service.namespace,
    serves: "relays live video to the pods",
  };
  return parentRefs.map((ref) => ({ verdict: parentRoute(ref, route, gateways).verdict, url: undefined }));
}

function parentRoute(
  ref: ParentRef,
  route: ServiceRoute,
  gateways: Input["gateways"],
): { readonly verdict: Verdict<ExposedReason>; readonly listeners: readonly Listener[] } {
  const key = gatewayKey(ref, route.namespace);
  const gateway = key === undefined ? undefined : gateways?.get(key);
  const name = parentName(ref, route.namespace);
  if (key !== undefined && gateways !== undefined && gateway === undefined) {
    const message = `${name} does not exist; create it, or correct ${route.field}.parentRefs`;
    return { verdict: isFalse("NoSuchGateway", message), listeners: [] };
  }
  const listeners = (gateway?.listeners ?? []).filter((listener) => isAttached(listener, ref, route));
  const verdict =
    routeVerdict(ref, route, name, gateway) ??
    gatewayVerdict(name, gateway, listeners) ??
    isTrue("Routed", `${name} ${route.serves}`);
  return { verdict, listeners };
}

/** The Gateway API's contract: a route works only while Accepted and ResolvedRefs are true for its parent. */
function routeVerdict(
  ref: ParentRef,
  route: ServiceRoute,
  name: string,
  gateway: GatewayView | undefined,
): Verdict<ExposedReason> | undefined {
  const { child, namespace } = route;
  const ofGeneration = ({ observedGeneration }: StatusCondition): boolean =>
    (observedGeneration ?? Infinity) >= (child?.generation ?? 0);
  // Several controllers may report the same parent.
  const reports = (child?.status.parents ?? [])
    .filter(({ parentRef }) => identity(parentRef, namespace) === identity(ref, namespace))
    .map(({ conditions = [] }) => conditions.filter(ofGeneration));
  if (reports.some((conditions) => isTrueIn(conditions, "Accepted") && !failing(conditions))) return undefined;
  const failure = reports.map(failing).find((condition) => condition !== undefined);
  if (failure === undefined) {
    const controller = gateway === undefined ? "its controller" : `the controller of GatewayClass ${gateway.className}`;
    return unknown("NotAcceptedYet", `${name} has not accepted the route yet; check that ${controller} runs`);
  }
  const message = `${name} does not accept the route: ${wordsOf(failure)}; ${remedy(failure, route, gateway)}`;
  return isFalse("NotAccepted", message);
}

/** By the Gateway API's reasons for Accepted and ResolvedRefs of a route. */
function remedy({ reason }: StatusCondition, route: ServiceRoute, gateway: GatewayView | undefined): string {
  const { field, kind, name, namespace } = route;
  if (reason === "NoMatchingParent") {
    const listeners = gateway === undefined ? "" : ` (${gateway.listeners.map((one) => one.name).join(", ")})`;
    return `name one of its listeners${listeners} in ${field}.parentRefs`;
  }
  if (reason === "NotAllowedByListeners") return `allowedRoutes of its listener must admit namespace ${namespace}`;
  if (reason === "NoMatchingListenerHostname") return "network.gateway.hostnames must match its listener's hostname";
  return `see kubectl describe ${kind.toLowerCase()} ${name} -n ${namespace}`;
}

/** A Gateway accepts routes of a listener that cannot serve them, such as one without its certificate. */
function gatewayVerdict(
  name: string,
  gateway: GatewayView | undefined,
  listeners: readonly Listener[],
): Verdict<ExposedReason> | undefined {
  // A route without sectionName may be attached to several listeners, of which one is enough.
  const listener = listeners.some(isServing) ? undefined : listeners[0];
  const condition = unready(listener?.conditions ?? []) ?? unready(gateway?.conditions ?? []);
  if (condition === undefined) return undefined;
  const what = listener === undefined ? name : `listener ${listener.name} of ${name}`;
  return isFalse("GatewayNotReady", `${what} is not ready: ${wordsOf(condition)}; repair the Gateway`);
}

function isServing({ conditions }: Listener): boolean {
  return unready(conditions) === undefined;
}

/** The cause comes first: Programmed and Accepted follow from the others. */
function unready(conditions: readonly StatusCondition[]): StatusCondition | undefined {
  return falseIn(conditions, "ResolvedRefs") ?? falseIn(conditions, "Accepted") ?? falseIn(conditions, "Programmed");
}

function failing(conditions: readonly StatusCondition[]): StatusCondition | undefined {
  return falseIn(conditions, "Accepted") ?? falseIn(conditions, "ResolvedRefs");
}

function falseIn(conditions: readonly StatusCondition[], type: string): StatusCondition | undefined {
  return conditions.find((condition) => condition.type === type && condition.status === "False");
}

function isTrueIn(conditions: readonly StatusCondition[], type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === "True");
}

function wordsOf({ type, reason = type, message = "" }: StatusCondition): string {
  return message === "" ? reason : `${reason}: ${message}`;
}

function parentName({ kind = "Gateway", namespace, name }: ParentRef, routeNamespace: string): string {
  return `${kind} ${namespace ?? routeNamespace}/${name}`;
}

/** Controllers copy the reference of the route, some of them without the API server's defaults. */
function identity(ref: ParentRef, routeNamespace: string): string {
  const { group = gatewayGroup, kind = "Gateway", namespace = routeNamespace, name, sectionName, port } = ref;
  return JSON.stringify([group, kind, namespace, name, sectionName ?? null, port ?? null]);
}

/** Does the route attach to the listener, as far as names, port and host names decide? */
function isAttached(listener: Listener, { sectionName, port }: ParentRef, { hostnames }: ServiceRoute): boolean {
  return (
    (sectionName === undefined || sectionName === listener.name) &&
    (port === undefined || port === listener.port) &&
    (hostnames.length === 0 || hostnames.some((host) => serves(listener, host)))
  );
}

/** `*.example.com` and `example.com` intersect neither; `*.example.com` and `a.b.example.com` do. */
function serves({ hostname = "" }: Listener, host: string): boolean {
  if (hostname === "" || hostname === host) return true;
  const within = (wildcard: string, name: string): boolean =>
    wildcard.startsWith("*.") && name.endsWith(wildcard.slice(1));
  return within(hostname, host) || within(host, hostname);
}

/** The port is left out: a Gateway's listener port may be another one than that of the load balancer in front. */
function urlOf(hostnames: readonly string[], listeners: readonly Listener[]): string | undefined {
  const hosts = hostnames.length > 0 ? hostnames : listeners.flatMap(({ hostname }) => hostname ?? []);
  const host = hosts.find((name) => !name.startsWith("*"));
  if (host === undefined) return undefined;
  const secure = listeners.some((listener) => listener.protocol === "HTTPS" && serves(listener, host));
  return `${secure ? "https" : "http"}://${host}`;
}
