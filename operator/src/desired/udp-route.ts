/** UDPRoute of STUNner: lets the TURN servers of its Gateways relay to the pods of a service. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { childName } from "../observe/child-kinds.ts";
import { child } from "./child.ts";
import { storedRefs } from "./http-route.ts";

/**
 * Null unless the spec names a Gateway. The backend has no port: STUNner admits all ports of the pods' addresses.
 *
 * @see https://docs.l7mp.io/en/stable/GATEWAY/#udproute
 */
export function udpRoute(service: EffectiveService): Manifest | null {
  const { enabled, gateway } = service.live;
  if (!enabled || gateway.parentRefs.length === 0) return null;
  const name = childName("peersService", service.name);
  return child(service, "udpRoute", {
    spec: {
      parentRefs: storedRefs(gateway.parentRefs),
      rules: [{ backendRefs: [{ group: "", kind: "Service", name }] }],
    },
  });
}
