import { describeChild } from "./child.cases.ts";

const live = { gateway: { parentRefs: [{ name: "turn", namespace: "stunner", sectionName: "udp" }] } };

describeChild("udpRoute", {
  "admits the relays of the Gateways to the pods": {
    spec: { live: { enabled: true, ...live } },
    expected: `
      apiVersion: stunner.l7mp.io/v1
      kind: UDPRoute
      spec:
        parentRefs:
          - name: turn
            namespace: stunner
            sectionName: udp
            group: gateway.networking.k8s.io
            kind: Gateway
        rules:
          - backendRefs:
              - group: ""
                kind: Service
                name: upscaler-peers
    `,
  },
  "is not created without parentRefs": { spec: { live: { enabled: true } }, expected: null },
  "is not created without live video": { spec: { live }, expected: null },
});
