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

/** Every address but those of the node and its cloud's metadata. */
const toAddresses = `
          - to:
              - ipBlock:
                  cidr: 0.0.0.0/0
                  except:
                    - 169.254.0.0/16
              - ipBlock:
                  cidr: ::/0
                  except:
                    - fe80::/10`;

describeChild("networkPolicy", {
  "admits every peer to one port, and DNS out": {
    expected: `${policy}
        ingress:
          - ports:
              - port: 8080
                protocol: TCP
    `,
  },
  "admits live video from anywhere, and forwards it to the other pods": {
    spec: {
      live: { enabled: true, udpPort: 3478 },
      network: { networkPolicy: { from: [{ podSelector: {} }], monitoringFrom: [] } },
    },
    expected: `${policy}
          - to:
              - podSelector:
                  matchLabels:
                    app.kubernetes.io/name: gpu-media
                    app.kubernetes.io/instance: upscaler
            ports:
              - port: 3478
                protocol: UDP
              - port: 8080
                protocol: TCP
        ingress:
          - from:
              - podSelector: {}
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: gpumedia-system
              - podSelector:
                  matchLabels:
                    gpumedia.io/load-test-of: upscaler
              - podSelector:
                  matchLabels:
                    app.kubernetes.io/name: gpu-media
                    app.kubernetes.io/instance: upscaler
            ports:
              - port: 8080
                protocol: TCP
          - ports:
              - port: 3478
                protocol: UDP
    `,
  },
  "bug: kept Istio's proxy from istiod, so that no pod became ready; admits its tunnels and ambient probes, too": {
    spec: {
      network: {
        mesh: "Istio",
        networkPolicy: { from: [{ podSelector: {} }], monitoringFrom: [] },
      },
      processing: { upstream: { allowedHosts: ["pictures.example.com"] } },
    },
    expected: `${policy}${toAddresses}
            ports:
              - port: 80
                protocol: TCP
              - port: 443
                protocol: TCP
              - port: 15008
                protocol: TCP
          - to:
              - namespaceSelector: {}
                podSelector:
                  matchLabels:
                    app: istiod
            ports:
              - port: 15012
                protocol: TCP
        ingress:
          - from:
              - podSelector: {}
              - namespaceSelector:
                  matchLabels:
                    kubernetes.io/metadata.name: gpumedia-system
              - podSelector:
                  matchLabels:
                    gpumedia.io/load-test-of: upscaler
            ports:
              - port: 8080
                protocol: TCP
              - port: 15008
                protocol: TCP
          - from:
              - ipBlock:
                  cidr: 169.254.7.127/32
              - ipBlock:
                  cidr: fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128
            ports:
              - port: 8080
                protocol: TCP
    `,
  },
  "admits Linkerd's proxies and its control plane": {
    spec: { network: { mesh: "Linkerd" } },
    expected: `${policy}
          - to:
              - namespaceSelector:
                  matchLabels:
                    linkerd.io/is-control-plane: "true"
            ports:
              - port: 8080
                protocol: TCP
              - port: 8086
                protocol: TCP
              - port: 8090
                protocol: TCP
        ingress:
          - ports:
              - port: 8080
                protocol: TCP
              - port: 4143
                protocol: TCP
    `,
  },
  "admits the additional peers and ports of the spec": {
    spec: {
      network: {
        networkPolicy: {
          ingress: [{ from: [{ namespaceSelector: {} }], ports: [{ port: 15_020 }] }, { ports: [{ port: 15_090 }] }],
          egress: [
            { to: [{ ipBlock: { cidr: "10.1.0.0/16" } }] },
            { ports: [{ port: 4317, endPort: 4318, protocol: "UDP" }] },
          ],
        },
      },
    },
    expected: `${policy}
          - to:
              - ipBlock:
                  cidr: 10.1.0.0/16
          - ports:
              - port: 4317
                endPort: 4318
                protocol: UDP
        ingress:
          - ports:
              - port: 8080
                protocol: TCP
          - from:
              - namespaceSelector: {}
            ports:
              - port: 15020
                protocol: TCP
          - ports:
              - port: 15090
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
    expected: `${policy}${toAddresses}
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
