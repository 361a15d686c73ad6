import { describeChild } from "./child.cases.ts";

describeChild("service", {
  "routes port 80 to the pods": {
    expected: `
      apiVersion: v1
      kind: Service
      spec:
        type: ClusterIP
        selector:
          app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler
        ports:
          - name: http
            port: 80
            protocol: TCP
            targetPort: http
    `,
  },
});
