import type { EffectiveService } from "../effective/service.ts";

/** Where clients reach the service: at its host if it has one, otherwise within the cluster. */
export function endpoint({ name, namespace, network }: EffectiveService): string {
  const { ingress, gateway } = network;
  if (ingress.enabled && ingress.host !== undefined) {
    return `${ingress.tlsSecretName === undefined ? "http" : "https"}://${ingress.host}`;
  }
  const [hostname] = gateway.hostnames;
  // Whether the listener uses TLS is part of the Gateway, which the operator does not read.
  if (gateway.parentRefs.length > 0 && hostname !== undefined) return `http://${hostname}`;
  return `http://${name}.${namespace}.svc`;
}
