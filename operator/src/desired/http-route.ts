/** HTTPRoute of a service, the Gateway API's counterpart of an Ingress, for a spec that names a Gateway. */
import { durationSeconds } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { gatewayGroup, type ParentRef } from "../observe/gateway-view.ts";
import { unlessEmpty } from "./canonical.ts";
import { child } from "./child.ts";
import { servicePort } from "./service.ts";

/** Its lists are atomic: items include the API server's defaults, which would look like drift otherwise. */
export function httpRoute(service: EffectiveService): Manifest | null {
  const { gateway, ingress } = service.network;
  if (gateway.parentRefs.length === 0) return null;
  return child(service, "httpRoute", {
    spec: {
      parentRefs: storedRefs(gateway.parentRefs),
      ...unlessEmpty("hostnames", gateway.hostnames),
      rules: [
        {
          matches: [{ path: { type: "PathPrefix", value: "/" } }],
          backendRefs: [{ group: "", kind: "Service", name: service.name, port: servicePort, weight: 1 }],
          // The guide's read timeout: the Gateway's own would cut long streams.
          timeouts: { request: `${durationSeconds(ingress.readTimeout)}s` },
        },
      ],
    },
  });
}

/** As the API server stores them. */
export function storedRefs(refs: readonly ParentRef[]): readonly ParentRef[] {
  return refs.map((ref) => ({ ...ref, group: ref.group ?? gatewayGroup, kind: ref.kind ?? "Gateway" }));
}
