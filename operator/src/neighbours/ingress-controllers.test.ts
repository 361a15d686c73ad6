import assert from "node:assert/strict";
import { shortcomings, type ServedIngress, type Shortcomings } from "./ingress-controllers.ts";

const guide = {
  "nginx.ingress.kubernetes.io/proxy-connect-timeout": "5",
  "nginx.ingress.kubernetes.io/proxy-send-timeout": "300",
  "nginx.ingress.kubernetes.io/proxy-read-timeout": "300",
  "nginx.ingress.kubernetes.io/proxy-body-size": "10m",
};
const hashed = (key: string): Readonly<Record<string, string>> => ({
  ...guide,
  "nginx.ingress.kubernetes.io/upstream-hash-by": key,
});
const buffered = { "nginx.ingress.kubernetes.io/proxy-request-buffering": "on" };
const emulated = { controller: "k8s.io/ingress-nginx", statusManager: "traefik" };
const size = {
  settings: ["maxBodySize"],
  effect:
    'only the pods limit requests, by processing.limits.bodyBytes; network.ingress.annotations nginx.ingress.kubernetes.io/proxy-request-buffering: "on" makes it buffer and limit them',
} as const;
const reads = (by: string): string =>
  `it reads no annotations of ingress-nginx; configure ${by} itself, or set its own annotations in network.ingress.annotations`;
const timesAndSize = ["connectTimeout", "sendTimeout", "readTimeout", "maxBodySize"] as const;

describe("settings of an Ingress that its controller does not honour", () => {
  const cases: {
    readonly [title: string]: Partial<ServedIngress> & { readonly expected: Shortcomings | undefined };
  } = {
    "of ingress-nginx: none": {
      controller: "k8s.io/ingress-nginx",
      statusManager: "nginx-ingress-controller",
      expected: undefined,
    },
    "of ingress-nginx that publishes no address: none": { controller: "k8s.io/ingress-nginx", expected: undefined },
    "while the IngressClass is not known: none": { statusManager: "traefik", expected: undefined },
    "of another instance of ingress-nginx, or of any controller that is not known: none": {
      controller: "k8s.io/internal-ingress-nginx",
      expected: undefined,
    },
    "of Traefik's provider for ingress-nginx: the body size, unless it buffers": {
      ...emulated,
      expected: { by: "Traefik", ignored: [size] },
    },
    "of Traefik that buffers: none": { ...emulated, annotations: { ...guide, ...buffered }, expected: undefined },
    "of Traefik with variables that it replaces: none": {
      ...emulated,
      annotations: { ...hashed("$request_uri${content_length}$http_sec_websocket_key$arg_user"), ...buffered },
      expected: undefined,
    },
    "of Traefik with variables that it does not replace": {
      ...emulated,
      annotations: { ...hashed("$request_uri$request_body_file$request_id$request_body_file"), ...buffered },
      expected: {
        by: "Traefik",
        ignored: [
          {
            settings: ["hashBy"],
            effect:
              'it has no value of $request_body_file, $request_id, so requests that only this would spread go to one pod; choose another key, or set it to ""',
          },
        ],
      },
    },
    "of Traefik's own class: all": {
      controller: "traefik.io/ingress-controller",
      annotations: hashed("$request_uri"),
      expected: { by: "Traefik", ignored: [{ settings: ["hashBy", ...timesAndSize], effect: reads("Traefik") }] },
    },
    "of a class of HAProxy with the name of an instance: all": {
      controller: "haproxy.org/ingress-controller/haproxy",
      expected: {
        by: "HAProxy Kubernetes Ingress Controller",
        ignored: [{ settings: timesAndSize, effect: reads("HAProxy Kubernetes Ingress Controller") }],
      },
    },
  };
  for (const [title, { expected, ...ingress }] of Object.entries(cases)) {
    it(title, () => {
      const given = { controller: undefined, statusManager: undefined, annotations: guide, ...ingress };
      assert.deepEqual(shortcomings(given), expected);
    });
  }
});
