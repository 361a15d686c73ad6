/** The Kubernetes project's example DRA driver, unchanged: it offers imaginary GPUs, and adds them to containers by CDI. */
import { programImage } from "./program-image.ts";
import { serviceAccount } from "./service-account.ts";
import { cdiFolder } from "./settings.ts";

const name = "dra-example-driver";
const namespace = "kube-system";
const image = `localhost/${name}:1`;
/** The driver's name too. */
export const exampleClass = "gpu.example.com";

export async function draDriverArchive(file: string, program: string): Promise<void> {
  await programImage(file, { name: image, program });
}

/** The kubelet's folders, and the one that containerd reads; the driver has the same paths inside. */
const folders = {
  registry: "/var/lib/kubelet/plugins_registry",
  plugins: "/var/lib/kubelet/plugins",
  cdi: cdiFolder,
} as const;

/** With the rights and the DeviceClass of the driver's Helm chart. It offers this many devices on each node. */
export function draDriver(devices: number): readonly object[] {
  const metadata = { name, namespace };
  const labels = { app: name };
  const container = {
    name: "plugin",
    image,
    imagePullPolicy: "Never",
    env: [
      { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      { name: "NUM_DEVICES", value: String(devices) },
      { name: "CDI_ROOT", value: cdiFolder },
    ],
    volumeMounts: Object.entries(folders).map(([volume, mountPath]) => ({ name: volume, mountPath })),
  };
  return [
    ...serviceAccount(metadata, [
      { apiGroups: ["resource.k8s.io"], resources: ["resourceclaims"], verbs: ["get"] },
      { apiGroups: [""], resources: ["nodes"], verbs: ["get"] },
      {
        apiGroups: ["resource.k8s.io"],
        resources: ["resourceslices"],
        verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
      },
    ]),
    {
      apiVersion: "resource.k8s.io/v1",
      kind: "DeviceClass",
      metadata: { name: exampleClass },
      spec: { selectors: [{ cel: { expression: `device.driver == "${exampleClass}"` } }] },
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: name,
            priorityClassName: "system-node-critical",
            containers: [container],
            volumes: Object.entries(folders).map(([volume, path]) => ({
              name: volume,
              hostPath: { path, type: "DirectoryOrCreate" },
            })),
          },
        },
      },
    },
  ];
}
