/**
 * Traefik 3.7.13: which annotations of ingress-nginx it honours. Seen: hash, timeouts, no limit of bodies. From its source, not run: the
 * variables of the hash, and that it limits bodies which it buffers (docs/neighbours.md).
 */
import { nginxAnnotation, type Ignored } from "./ingress-nginx.ts";

/** `spec.controller` of the IngressClasses of its provider `kubernetesIngress`, which reads none of these annotations. */
export const traefikController = "traefik.io/ingress-controller";

/** In `managedFields` of the Ingresses whose address it has written, with either provider. */
export const traefikManager = "traefik";

/** What its provider `kubernetesIngressNGINX` does not honour. */
export function ignoredByTraefik(annotations: Readonly<Record<string, string>>): readonly Ignored[] {
  const unknown = unknownVariables(annotations[nginxAnnotation("hashBy")] ?? "");
  const hash: Ignored = {
    settings: ["hashBy"],
    effect: `it has no value of ${unknown.join(", ")}, so requests that only this would spread go to one pod; choose another key, or set it to ""`,
  };
  const buffering = nginxAnnotation("requestBuffering");
  const size: Ignored = {
    settings: ["maxBodySize"],
    effect: `only the pods limit requests, by processing.limits.bodyBytes; network.ingress.annotations ${buffering}: "on" makes it buffer and limit them`,
  };
  return [...(unknown.length === 0 ? [] : [hash]), ...(annotations[buffering] === "on" ? [] : [size])];
}

/** Those of nginx that Traefik leaves in the key as they are: `$request_body_file`. */
function unknownVariables(hashBy: string): readonly string[] {
  const variables = hashBy.matchAll(/\$\{?([a-z_][a-z0-9_]*)/gi).map(([, name = ""]) => name);
  return [...new Set(variables)].filter((name) => !knownVariable.test(name)).map((name) => `$${name}`);
}

/** @see https://github.com/traefik/traefik/blob/v3.7.13/pkg/middlewares/ingressnginx/interpolation.go */
const knownVariable =
  /^(?:scheme|host|best_http_host|hostname|request_uri|escaped_request_uri|query_string|args|remote_addr|request_method|uri|document_uri|server_name|server_port|content_type|content_length|is_args|proxy_add_x_forwarded_for|(?:http|upstream_http|arg|cookie)_.*)$/;
