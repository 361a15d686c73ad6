import { describeChild } from "./child.cases.ts";

describeChild("httpRoute", {
  "routes the Gateways' traffic to the Service": {
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
  "is not created without parentRefs": { expected: null },
});
