import { describeChild } from "./child.cases.ts";

const spec = (className: string): string => `spec:
        ingressClassName: ${className}
        rules:
          - host: upscaler.example.com
            http:
              paths:
                - path: /
                  pathType: Prefix
                  backend:
                    service:
                      name: upscaler
                      port:
                        name: http`;

describeChild("ingress", {
  "has the guide's five annotations": {
    spec: { network: { ingress: { enabled: true, host: "upscaler.example.com", hashBy: "$request_uri" } } },
    expected: `
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata:
        annotations:
          nginx.ingress.kubernetes.io/upstream-hash-by: $request_uri
          nginx.ingress.kubernetes.io/proxy-connect-timeout: "5"
          nginx.ingress.kubernetes.io/proxy-send-timeout: "300"
          nginx.ingress.kubernetes.io/proxy-read-timeout: "300"
          nginx.ingress.kubernetes.io/proxy-body-size: 10m
      ${spec("nginx")}
    `,
  },
  "lets the user's annotations override ours, and has TLS and times in seconds": {
    spec: {
      network: {
        ingress: {
          enabled: true,
          host: "upscaler.example.com",
          tlsSecretName: "upscaler-tls",
          className: "traefik",
          readTimeout: "1h30m",
          annotations: { "nginx.ingress.kubernetes.io/proxy-body-size": "20m", team: "media" },
        },
      },
    },
    expected: `
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata:
        annotations:
          nginx.ingress.kubernetes.io/proxy-connect-timeout: "5"
          nginx.ingress.kubernetes.io/proxy-send-timeout: "300"
          nginx.ingress.kubernetes.io/proxy-read-timeout: "5400"
          nginx.ingress.kubernetes.io/proxy-body-size: 20m
          team: media
      ${spec("traefik")}
        tls:
          - hosts:
              - upscaler.example.com
            secretName: upscaler-tls
    `,
  },
  "is not created when it is off": { expected: null },
});
