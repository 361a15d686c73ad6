/** The cluster's DNS: CoreDNS at the address in the pods' resolv.conf. */
import { programImage } from "./program-image.ts";
import { serviceAccount } from "./service-account.ts";
import { dnsAddress } from "./settings.ts";

const name = "coredns";
const namespace = "kube-system";
const image = `localhost/${name}:1`;

export async function dnsArchive(file: string, program: string): Promise<void> {
  await programImage(file, { name: image, program });
}

const corefile = `.:5353 {
  errors
  ready
  kubernetes cluster.local in-addr.arpa { ttl 5 }
}
`;

export function dns(): readonly object[] {
  const metadata = { name, namespace };
  const labels = { "k8s-app": "kube-dns" };
  const container = {
    name,
    image,
    imagePullPolicy: "Never",
    args: ["-conf", "/etc/coredns/Corefile"],
    readinessProbe: { httpGet: { path: "/ready", port: 8181 }, periodSeconds: 1 },
    volumeMounts: [{ name: "corefile", mountPath: "/etc/coredns" }],
  };
  return [
    ...serviceAccount(metadata, [
      { apiGroups: [""], resources: ["services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ]),
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { Corefile: corefile } },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            // Not its own address.
            dnsPolicy: "Default",
            containers: [container],
            volumes: [{ name: "corefile", configMap: { name } }],
          },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "kube-dns", namespace },
      spec: {
        clusterIP: dnsAddress,
        selector: labels,
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: 5353 },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 5353 },
        ],
      },
    },
  ];
}
