/** Where clients reach the live video of a service. Pure. */
import { isAddress } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { LiveAddress } from "./context.ts";

/** `live`: the Service for clients, as the API server has it. Without addresses, each pod announces its own. */
export function liveAddress(
  { live: { enabled, publicAddresses, service } }: Pick<EffectiveService, "live">,
  live: Pick<ChildView, "spec" | "status"> | undefined,
): LiveAddress {
  if (!enabled) return { addresses: [] };
  const nodePort = service.type === "NodePort" ? live?.spec.ports?.[0]?.nodePort : undefined;
  const port = nodePort === undefined ? {} : { port: nodePort };
  if (publicAddresses.length > 0) return { addresses: publicAddresses, ...port };
  if (service.type !== "LoadBalancer") return { addresses: [], ...port };
  // Some load balancers have a host name instead, which a candidate of WebRTC cannot have.
  const found = (live?.status.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return { addresses: [...new Set(found)].filter(isAddress).slice(0, maxAddresses) };
}

/** What the processor's configuration allows. */
const maxAddresses = 8;
