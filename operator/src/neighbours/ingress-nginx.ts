/**
 * ingress-nginx, for which the annotations of our Ingress are. Other controllers imitate it.
 *
 * @see https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/
 */

/** `spec.controller` of its IngressClass, unless it was started with `--controller-class`. */
export const ingressNginx = "k8s.io/ingress-nginx";

/** The fields of `network.ingress` that become annotations, in the guide's order. */
export const annotatedSettings = ["hashBy", "connectTimeout", "sendTimeout", "readTimeout", "maxBodySize"] as const;

export type AnnotatedSetting = (typeof annotatedSettings)[number];

const names: Readonly<Record<AnnotatedSetting | "requestBuffering", string>> = {
  hashBy: "upstream-hash-by",
  connectTimeout: "proxy-connect-timeout",
  sendTimeout: "proxy-send-timeout",
  readTimeout: "proxy-read-timeout",
  maxBodySize: "proxy-body-size",
  requestBuffering: "proxy-request-buffering",
};

/** Returns `nginx.ingress.kubernetes.io/proxy-body-size` for `maxBodySize`. */
export function nginxAnnotation(setting: keyof typeof names): string {
  return `nginx.ingress.kubernetes.io/${names[setting]}`;
}

/** Settings that the controller of an Ingress does not honour. */
export interface Ignored {
  readonly settings: readonly AnnotatedSetting[];
  /** What holds instead, and the next step: the end of a sentence. */
  readonly effect: string;
}
