import { describeChild } from "./child.cases.ts";

/** Ends with the egress rules, to which a case may add. */
const policy = `
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      spec:
        podSelector:
          matchLabels:
            app.kubernetes.io/name: gpu-media
            app.kubernetes.io/instance: upscaler
        policyTypes:
          - Ingress
          - Egress
        egress:
          - ports:
              - port: 53
                protocol: UDP
              - port: 53
                protocol: TCP`;

describeChild("networkPolicy", {
  "admits every peer to one port, and DNS out": {
    expected: `${policy}
        ingress:
          - ports:
              - port: 8080
                protocol: TCP
    `,
  },
  "admits the named peers, monitoring, the operator and the proxies; and upstream fetches out": {
    spec: {
      network: {
        ingress: { enabled: true, host: "a.example.com" },
        gateway: { parentRefs: [{ name: "public", namespace: "gateways" }, { name: "own" }] },
        networkPolicy: { from: [{ podSelector: {} }] },
      },
      processing: {
        upstream: { allowedHosts: ["pictures.example.com", "store:9000"], allowedNetworks: ["10.96.0.0/16"] },
      },
    },
    expected: `${policy}
          - to:
              - ipBlock:
                  cidr: 0.0.0.0/0
                  except:
                    - 169.254.0.0/16
              - ipBlock:
                  cidr: ::/0
                  except:
                    - fe80::/10
            ports:
              - port: 80
                protocol: TCP
              - port: 443
                protocol: TCP
              - port: 9000
                protocol: TCP
        ingress:
          - from:
              - podSelector: {}
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: monitoring
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: gpumedia-system
              - podSelector:
                  matchLabels:
                    gpumedia.io/load-test-of: upscaler
              - namespaceSelector: {}
                podSelector:
                  matchLabels:
                    app.kubernetes.io/name: ingress-nginx
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: gateways
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: media
            ports:
              - port: 8080
                protocol: TCP
    `,
  },
  "is not created when it is off": { spec: { network: { networkPolicy: { enabled: false } } }, expected: null },
});
