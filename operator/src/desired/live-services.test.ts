import { describeChild } from "./child.cases.ts";

const labels = `app.kubernetes.io/name: gpu-media
          app.kubernetes.io/instance: upscaler`;

describeChild("liveService", {
  "is not created without live video": { expected: null },
  "is a load balancer for UDP": {
    spec: { live: { enabled: true } },
    expected: `
      apiVersion: v1
      kind: Service
      spec:
        type: LoadBalancer
        selector:
          ${labels}
        ports:
          - name: live
            port: 8080
            protocol: UDP
            targetPort: live
    `,
  },
  "has the type, the port and the annotations of the spec": {
    spec: {
      live: { enabled: true, udpPort: 3478, service: { type: "NodePort", annotations: { "example.com/a": "b" } } },
    },
    expected: `
      metadata:
        annotations: { example.com/a: b }
      apiVersion: v1
      kind: Service
      spec:
        type: NodePort
        selector:
          ${labels}
        ports:
          - name: live
            port: 3478
            protocol: UDP
            targetPort: live
    `,
  },
});

describeChild("peersService", {
  "is not created without live video": { expected: null },
  "has the addresses of all pods, also of those that drain": {
    spec: { live: { enabled: true } },
    expected: `
      apiVersion: v1
      kind: Service
      spec:
        type: ClusterIP
        clusterIP: None
        publishNotReadyAddresses: true
        selector:
          ${labels}
        ports:
          - name: live
            port: 8080
            protocol: UDP
            targetPort: live
    `,
  },
});
