/** Ingress of a service, with the guide's five annotations for ingress-nginx (section Load Balancing). */
import { durationSeconds } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { child } from "./child.ts";
import { backendPortName } from "./service.ts";

export function ingress(service: EffectiveService): Manifest | null {
  const { enabled, host, className, tlsSecretName, annotations } = service.network.ingress;
  if (!enabled) return null;
  const backend = { service: { name: service.name, port: { name: backendPortName } } };
  const http = { paths: [{ path: "/", pathType: "Prefix", backend }] };
  const hosts = host === undefined ? {} : { hosts: [host] };
  return child(
    service,
    "ingress",
    {
      spec: {
        ingressClassName: className,
        rules: [host === undefined ? { http } : { host, http }],
        ...(tlsSecretName === undefined ? {} : { tls: [{ ...hosts, secretName: tlsSecretName }] }),
      },
    },
    { ...nginxAnnotations(service), ...annotations },
  );
}

/** Times are in whole seconds. The user's annotations override these. */
function nginxAnnotations(service: EffectiveService): Readonly<Record<string, string>> {
  const { hashBy, connectTimeout, sendTimeout, readTimeout, maxBodySize } = service.network.ingress;
  const named = (name: string, value: string): Record<string, string> => ({
    [`nginx.ingress.kubernetes.io/${name}`]: value,
  });
  return {
    ...(hashBy === "" ? {} : named("upstream-hash-by", hashBy)),
    ...named("proxy-connect-timeout", String(durationSeconds(connectTimeout))),
    ...named("proxy-send-timeout", String(durationSeconds(sendTimeout))),
    ...named("proxy-read-timeout", String(durationSeconds(readTimeout))),
    ...named("proxy-body-size", maxBodySize),
  };
}
