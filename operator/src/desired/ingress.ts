/** Ingress of a service, with the guide's five annotations for ingress-nginx (section Load Balancing). */
import { durationSeconds } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { nginxAnnotation, type AnnotatedSetting } from "../neighbours/ingress-nginx.ts";
import { child } from "./child.ts";
import { backendPortName } from "./service.ts";

export function ingress(service: EffectiveService): Manifest | null {
  const { enabled, host, className, tlsSecretName } = service.network.ingress;
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
    ingressAnnotations(service),
  );
}

/** Times are in whole seconds. The user's annotations override these. */
export function ingressAnnotations({ network }: Pick<EffectiveService, "network">): Readonly<Record<string, string>> {
  const { hashBy, connectTimeout, sendTimeout, readTimeout, maxBodySize, annotations } = network.ingress;
  const named = (setting: AnnotatedSetting, value: string): Record<string, string> => ({
    [nginxAnnotation(setting)]: value,
  });
  return {
    ...(hashBy === "" ? {} : named("hashBy", hashBy)),
    ...named("connectTimeout", String(durationSeconds(connectTimeout))),
    ...named("sendTimeout", String(durationSeconds(sendTimeout))),
    ...named("readTimeout", String(durationSeconds(readTimeout))),
    ...named("maxBodySize", maxBodySize),
    ...annotations,
  };
}
