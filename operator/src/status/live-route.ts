/** The way of live video from outside the cluster: by its Service, and by the relays of STUNner. */
import { childName } from "../observe/child-kinds.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import { relayRoutes, type ExternalRoute } from "./gateway-routes.ts";
import type { ExposedReason } from "./reasons.ts";
import type { StatusInput } from "./status-input.ts";

/** None without live video, and for a Service within the cluster. */
export function liveRoutes(input: StatusInput): readonly ExternalRoute[] {
  const { live } = input.service;
  const isInternal = live.service.type === "ClusterIP" && live.publicAddresses.length === 0;
  if (!live.enabled) return [];
  return [...(isInternal ? [] : [{ verdict: serviceVerdict(input), url: undefined }]), ...relayRoutes(input)];
}

function serviceVerdict({ service, liveService }: StatusInput): Verdict<ExposedReason> {
  const { publicAddresses, service: wanted } = service.live;
  const name = `Service ${childName("liveService", service.name)}`;
  if (publicAddresses.length > 0) return isTrue("Routed", `${name} is announced at ${publicAddresses.join(", ")}`);
  if (wanted.type === "NodePort") {
    const message = `${name} has type NodePort, and its addresses are those of nodes; set live.publicAddresses to some of them`;
    return isFalse("NoAddress", message);
  }
  const ingress = liveService?.status.loadBalancer?.ingress ?? [];
  const addresses = ingress.flatMap(({ ip }) => ip ?? []);
  if (addresses.length > 0) return isTrue("Routed", `${name} has the address ${addresses.join(", ")}`);
  const hostname = ingress.find((one) => one.hostname !== undefined)?.hostname;
  if (hostname !== undefined) {
    const message = `${name} has the host name ${hostname}, and WebRTC announces only IP addresses; set live.publicAddresses to those of the load balancer`;
    return isFalse("NoAddress", message);
  }
  const message = `${name} has no address; check that the cluster has a controller for load balancers, or set live.service.type or live.publicAddresses`;
  return unknown("NoAddress", message);
}
