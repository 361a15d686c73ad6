/** Exposed: do clients outside the cluster reach the service? And the URL at which clients reach it. */
import { ingressAnnotations } from "../desired/ingress.ts";
import type { EffectiveService } from "../effective/service.ts";
import { shortcomings } from "../neighbours/ingress-controllers.ts";
import { isTrue, unknown, type Verdict } from "./condition.ts";
import { gatewayRoutes, type ExternalRoute } from "./gateway-routes.ts";
import { liveRoutes } from "./live-route.ts";
import type { ExposedReason } from "./reasons.ts";
import type { StatusInput } from "./status-input.ts";

export function externalRoutes(input: StatusInput): readonly ExternalRoute[] {
  return [...ingressRoute(input), ...gatewayRoutes(input), ...liveRoutes(input)];
}

/** Reports the worst of the routes: clients of that one get errors. */
export function exposed(routes: readonly ExternalRoute[]): Verdict<ExposedReason> {
  for (const status of ["False", "Unknown", "True"] as const) {
    const [first, ...more] = routes.map(({ verdict }) => verdict).filter((verdict) => verdict.status === status);
    if (first !== undefined)
      return { ...first, message: [first, ...more].map(({ message }) => message).join("; and ") };
  }
  return isTrue("NotNeeded", "no Ingress or Gateway is set; clients in the cluster reach the Service");
}

/** Where clients reach the service: outside the cluster while that is routed, otherwise within the cluster. */
export function endpoint({ name, namespace }: EffectiveService, routes: readonly ExternalRoute[]): string {
  const routed = routes.find(({ verdict, url }) => verdict.status === "True" && url !== undefined);
  return routed?.url ?? `http://${name}.${namespace}.svc`;
}

/** An Ingress has no conditions: its controller reports that it serves it by an address. */
function ingressRoute({ service, ingress, ingressClasses }: StatusInput): readonly ExternalRoute[] {
  const { enabled, host, className, tlsSecretName } = service.network.ingress;
  if (!enabled) return [];
  const url = host === undefined ? undefined : `${tlsSecretName === undefined ? "http" : "https"}://${host}`;
  const [address] = ingress?.status.loadBalancer?.ingress ?? [];
  if (address === undefined) {
    return [
      {
        verdict: unknown(
          "NoAddress",
          `Ingress ${service.name} has no address; ${addressHint(className, ingressClasses)}`,
        ),
        url,
      },
    ];
  }
  const routed = `Ingress ${service.name} has the address ${address.hostname ?? address.ip ?? ""}`;
  const found = shortcomings({
    controller: ingressClasses?.get(className)?.controller,
    statusManager: ingress?.addressManager,
    annotations: ingressAnnotations(service),
  });
  if (found === undefined) return [{ verdict: isTrue("Routed", routed), url }];
  const notHonoured = found.ignored.map(
    ({ settings, effect }) =>
      `does not honour network.ingress.${settings.length === 1 ? settings.join("") : `{${settings.join(",")}}`}: ${effect}`,
  );
  return [{ verdict: isTrue("SettingsIgnored", `${routed}; ${found.by} ${notHonoured.join("; it ")}`), url }];
}

function addressHint(className: string, classes: StatusInput["ingressClasses"]): string {
  if (classes === undefined || classes.has(className)) {
    return `check that the controller of IngressClass ${className} runs and publishes the address of its Service`;
  }
  const others = [...classes.keys()].toSorted();
  const choose = others.length === 0 ? "" : `, or set network.ingress.className (${others.join(", ")})`;
  return `IngressClass ${className} does not exist: install its controller${choose}`;
}
