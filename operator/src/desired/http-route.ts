/** HTTPRoute of a service: the Gateway API's Ingress, made when the spec names a Gateway. */
import { durationSeconds } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { unlessEmpty } from "./canonical.ts";
import { child } from "./child.ts";
import { servicePort } from "./service.ts";

const gatewayGroup = "gateway.networking.k8s.io";

/** Its lists are atomic, so what the API server would add to an item is written out: else it would look like a change. */
export function httpRoute(service: EffectiveService): Manifest | null {
  const { gateway, ingress } = service.network;
  if (gateway.parentRefs.length === 0) return null;
  return child(service, "httpRoute", {
    spec: {
      parentRefs: gateway.parentRefs.map((ref) => ({
        ...ref,
        group: ref.group ?? gatewayGroup,
        kind: ref.kind ?? "Gateway",
      })),
      ...unlessEmpty("hostnames", gateway.hostnames),
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ group: "", kind: "Service", name: service.name, port: servicePort, weight: 1 }],
          // The guide's read timeout: the route would otherwise end long streams at the Gateway's own.
          timeouts: { request: `${durationSeconds(ingress.readTimeout)}s` },
        },
      ],
    },
  });
}
