import { describeChild } from "./child.cases.ts";

describeChild("HTTPRoute", [
  {
    title: "routes what the Gateways get to the Service",
    spec: {
      network: {
        gateway: {
          parentRefs: [
            { name: "public", namespace: "gateways", sectionName: "https" },
            { name: "mesh", group: "", kind: "Service" },
          ],
          hostnames: ["upscaler.example.com"],
        },
      },
    },
    expected: `
      apiVersion: gateway.networking.k8s.io/v1
      kind: HTTPRoute
      metadata:
        name: upscaler
        namespace: media
        labels:
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
          app.kubernetes.io/managed-by: gpumedia-operator
          app.kubernetes.io/part-of: gpumedia
          gpumedia.io/service: upscaler
        ownerReferences:
          - apiVersion: gpumedia.io/v1alpha1
            kind: GpuMediaService
            name: upscaler
            uid: 11111111-2222-3333-4444-555555555555
            controller: true
            blockOwnerDeletion: true
      spec:
        parentRefs:
          - name: public
            namespace: gateways
            sectionName: https
            group: gateway.networking.k8s.io
            kind: Gateway
          - name: mesh
            group: ""
            kind: Service
        hostnames:
          - upscaler.example.com
        rules:
          - matches:
              - path:
                  type: PathPrefix
                  value: /
            backendRefs:
              - group: ""
                kind: Service
                name: upscaler
                port: 80
                weight: 1
            timeouts:
              request: 300s
    `,
  },
  {
    title: "is not made without parentRefs",
    expected: null,
  },
]);
