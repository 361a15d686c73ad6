import { describeChild } from "./child.cases.ts";

describeChild("Ingress", [
  {
    title: "has the guide's five annotations",
    spec: { network: { ingress: { enabled: true, host: "upscaler.example.com" } } },
    expected: `
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata:
        name: upscaler
        namespace: media
        labels:
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
          app.kubernetes.io/managed-by: gpumedia-operator
          app.kubernetes.io/part-of: gpumedia
          gpumedia.io/service: upscaler
        annotations:
          nginx.ingress.kubernetes.io/upstream-hash-by: $request_uri
          nginx.ingress.kubernetes.io/proxy-connect-timeout: "5"
          nginx.ingress.kubernetes.io/proxy-send-timeout: "300"
          nginx.ingress.kubernetes.io/proxy-read-timeout: "300"
          nginx.ingress.kubernetes.io/proxy-body-size: 10m
        ownerReferences:
          - apiVersion: gpumedia.io/v1alpha1
            kind: GpuMediaService
            name: upscaler
            uid: 11111111-2222-3333-4444-555555555555
            controller: true
            blockOwnerDeletion: true
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
  {
    title: "has the user's annotations over ours, TLS, and times in seconds",
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
        name: upscaler
        namespace: media
        labels:
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
          app.kubernetes.io/managed-by: gpumedia-operator
          app.kubernetes.io/part-of: gpumedia
          gpumedia.io/service: upscaler
        annotations:
          nginx.ingress.kubernetes.io/proxy-connect-timeout: "5"
          nginx.ingress.kubernetes.io/proxy-send-timeout: "300"
          nginx.ingress.kubernetes.io/proxy-read-timeout: "5400"
          nginx.ingress.kubernetes.io/proxy-body-size: 20m
          team: media
        ownerReferences:
          - apiVersion: gpumedia.io/v1alpha1
            kind: GpuMediaService
            name: upscaler
            uid: 11111111-2222-3333-4444-555555555555
            controller: true
            blockOwnerDeletion: true
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
  {
    title: "is not made when it is off",
    expected: null,
  },
]);
