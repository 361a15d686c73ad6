/** The Gateways of a service: does each of them route to it, and at which URL? */
import type { EffectiveService } from "../effective/service.ts";
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

type Input = Pick<StatusInput, "service" | "httpRoute" | "gateways" | "skipped">;

export function gatewayRoutes(input: Input): readonly ExternalRoute[] {
  const { service, skipped } = input;
  const { parentRefs } = service.network.gateway;
  if (parentRefs.length > 0 && skipped.has("httpRoute")) {
    const message =
      "the Gateway API is not installed, so nothing routes to the service; install its CRDs, or use network.ingress";
    return [{ verdict: isFalse("ApiMissing", message), url: undefined }];
  }
  return parentRefs.map((ref) => parentRoute(ref, input));
}

function parentRoute(ref: ParentRef, { service, httpRoute, gateways }: Input): ExternalRoute {
  const key = gatewayKey(ref, service.namespace);
  const gateway = key === undefined ? undefined : gateways?.get(key);
  const name = parentName(ref, service.namespace);
  if (key !== undefined && gateways !== undefined && gateway === undefined) {
    const message = `${name} does not exist; create it, or correct network.gateway.parentRefs`;
    return { verdict: isFalse("NoSuchGateway", message), url: undefined };
  }
  const listeners = (gateway?.listeners ?? []).filter((listener) => isAttached(listener, ref, service));
  const verdict =
    routeVerdict(ref, httpRoute, service, name, gateway) ??
    gatewayVerdict(name, gateway, listeners) ??
    isTrue("Routed", `${name} routes to the service`);
  return { verdict, url: urlOf(service, listeners.filter(isServing)) };
}

/** The Gateway API's contract: a route works only while Accepted and ResolvedRefs are true for its parent. */
function routeVerdict(
  ref: ParentRef,
  route: ChildView | undefined,
  service: EffectiveService,
  name: string,
  gateway: GatewayView | undefined,
): Verdict<ExposedReason> | undefined {
  const ofGeneration = ({ observedGeneration }: StatusCondition): boolean =>
    (observedGeneration ?? Infinity) >= (route?.generation ?? 0);
  // Several controllers may report the same parent.
  const reports = (route?.status.parents ?? [])
    .filter(({ parentRef }) => identity(parentRef, service.namespace) === identity(ref, service.namespace))
    .map(({ conditions = [] }) => conditions.filter(ofGeneration));
  if (reports.some((conditions) => isTrueIn(conditions, "Accepted") && !failing(conditions))) return undefined;
  const failure = reports.map(failing).find((condition) => condition !== undefined);
  if (failure === undefined) {
    const controller = gateway === undefined ? "its controller" : `the controller of GatewayClass ${gateway.className}`;
    return unknown("NotAcceptedYet", `${name} has not accepted the route yet; check that ${controller} runs`);
  }
  const message = `${name} does not accept the route: ${wordsOf(failure)}; ${remedy(failure, service, gateway)}`;
  return isFalse("NotAccepted", message);
}

/** By the Gateway API's reasons for Accepted and ResolvedRefs of a route. */
function remedy({ reason }: StatusCondition, service: EffectiveService, gateway: GatewayView | undefined): string {
  const { name, namespace } = service;
  if (reason === "NoMatchingParent") {
    const listeners = gateway === undefined ? "" : ` (${gateway.listeners.map((one) => one.name).join(", ")})`;
    return `name one of its listeners${listeners} in network.gateway.parentRefs`;
  }
  if (reason === "NotAllowedByListeners") return `allowedRoutes of its listener must admit namespace ${namespace}`;
  if (reason === "NoMatchingListenerHostname") return "network.gateway.hostnames must match its listener's hostname";
  return `see kubectl describe httproute ${name} -n ${namespace}`;
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
function isAttached(listener: Listener, { sectionName, port }: ParentRef, { network }: EffectiveService): boolean {
  const { hostnames } = network.gateway;
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
function urlOf({ network }: EffectiveService, listeners: readonly Listener[]): string | undefined {
  const { hostnames } = network.gateway;
  const hosts = hostnames.length > 0 ? hostnames : listeners.flatMap(({ hostname }) => hostname ?? []);
  const host = hosts.find((name) => !name.startsWith("*"));
  if (host === undefined) return undefined;
  const secure = listeners.some((listener) => listener.protocol === "HTTPS" && serves(listener, host));
  return `${secure ? "https" : "http"}://${host}`;
}
