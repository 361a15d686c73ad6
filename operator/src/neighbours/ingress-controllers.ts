/** Which settings of our Ingress does its controller not honour? */
import { annotatedSettings, ingressNginx, nginxAnnotation, type Ignored } from "./ingress-nginx.ts";
import { ignoredByTraefik, traefikController, traefikManager } from "./traefik.ts";

export interface ServedIngress {
  /** `spec.controller` of its IngressClass; undefined: not known. */
  readonly controller: string | undefined;
  /** The field manager that has written its address; undefined: none. */
  readonly statusManager: string | undefined;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface Shortcomings {
  /** The controller's name. */
  readonly by: string;
  /** At least one. */
  readonly ignored: readonly Ignored[];
}

/** Undefined: the controller honours all, or it is not known. */
export function shortcomings({ controller, statusManager, annotations }: ServedIngress): Shortcomings | undefined {
  // Traefik also serves the class of ingress-nginx: only its name in managedFields tells the two apart.
  if (controller === ingressNginx && statusManager === traefikManager) {
    const ignored = ignoredByTraefik(annotations);
    return ignored.length === 0 ? undefined : { by: "Traefik", ignored };
  }
  const by = others.find(([name]) => controller === name || controller?.startsWith(`${name}/`))?.[1];
  const settings = annotatedSettings.filter((setting) => annotations[nginxAnnotation(setting)] !== undefined);
  if (by === undefined || settings.length === 0) return undefined;
  const effect = `it reads no annotations of ingress-nginx; configure ${by} itself, or set its own annotations in network.ingress.annotations`;
  return { by, ignored: [{ settings, effect }] };
}

/**
 * Controllers whose documentation has annotations of their own in place of ingress-nginx's. Nothing is claimed of a name that
 * is not listed: ingress-nginx has any name with `--controller-class`.
 */
const others: readonly (readonly [controller: string, name: string])[] = [
  [traefikController, "Traefik"],
  ["nginx.org/ingress-controller", "F5 NGINX Ingress Controller"],
  ["haproxy.org/ingress-controller", "HAProxy Kubernetes Ingress Controller"],
  ["ingress-controllers.konghq.com/kong", "Kong Ingress Controller"],
  ["ingress.k8s.aws/alb", "AWS Load Balancer Controller"],
];
