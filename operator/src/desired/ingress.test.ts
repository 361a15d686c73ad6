import { describeChild } from "./child.cases.ts";

describeChild("ingress", {
  "has the guide's five annotations": {
    spec: { network: { ingress: { enabled: true, host: "upscaler.example.com" } } },
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
      spec:
        ingressClassName: nginx
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
                        name: http
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
          hashBy: "",
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
      spec:
        ingressClassName: traefik
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
                        name: http
        tls:
          - hosts:
              - upscaler.example.com
            secretName: upscaler-tls
    `,
  },
  "is not created when it is off": { expected: null },
});
