/** The Services of live video: one for clients, and one by which the pods find each other. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { childName, type NamedRole } from "../observe/child-kinds.ts";
import { child, selectorLabels } from "./child.ts";
import { livePortName } from "./container.ts";

/** At which clients reach the UDP port of the pods. Its port is theirs, so that a pod announces one number. */
export function liveService(service: EffectiveService): Manifest | null {
  const { type, annotations } = service.live.service;
  return udpService(service, "liveService", { type }, annotations);
}

/**
 * Its DNS name has the addresses of all pods, also of those that drain: a session belongs to one pod, and its requests and
 * packets reach any.
 */
export function peersService(service: EffectiveService): Manifest | null {
  return udpService(service, "peersService", { type: "ClusterIP", clusterIP: "None", publishNotReadyAddresses: true });
}

/** `upscaler-peers.media.svc`. Resolved with the search path of the pod, as the cluster's domain is not known. */
export function peersHost({ name, namespace }: EffectiveService): string {
  return `${childName("peersService", name)}.${namespace}.svc`;
}

function udpService(
  service: EffectiveService,
  role: NamedRole,
  how: object,
  annotations: Readonly<Record<string, string>> = {},
): Manifest | null {
  const { enabled, udpPort } = service.live;
  if (!enabled) return null;
  const ports = [{ name: livePortName, port: udpPort, protocol: "UDP", targetPort: livePortName }];
  const spec = { ...how, selector: selectorLabels(service), ports };
  return child(service, role, { spec }, Object.keys(annotations).length === 0 ? undefined : annotations);
}
