import type { EffectiveService } from "../effective/service.ts";

/** Where clients reach the service: from outside when a host is given, else within the cluster. */
export function endpoint({ name, namespace, network }: EffectiveService): string {
  const { ingress, gateway } = network;
  if (ingress.enabled && ingress.host !== undefined) {
    return `${ingress.tlsSecretName === undefined ? "http" : "https"}://${ingress.host}`;
  }
  const [hostname] = gateway.hostnames;
  // Whether the Gateway's listener speaks TLS is the Gateway's to know.
  if (gateway.parentRefs.length > 0 && hostname !== undefined) return `http://${hostname}`;
  return `http://${name}.${namespace}.svc`;
}
