/** The stand-in for the DCGM exporter as a DaemonSet, with the rights that docs/dcgm.md grants to the real one. */
import { dirname, join } from "node:path";
import { nvmlFolders, nvmlState } from "../gpu-runtime.ts";

const name = "dcgm-exporter";
const port = 9400;
const configMap = "gpumedia-dcgm-metrics";

export interface ExporterOptions {
  readonly namespace: string;
  /** Namespace of the list of metrics. */
  readonly operatorNamespace: string;
  /** Any image with Node on its PATH; nothing else of it is used. */
  readonly image: string;
  /** The cluster's directory, with the node's files. */
  readonly directory: string;
}

/** Role and binding as documented, the DaemonSet, and its PodMonitor. */
export function dcgmExporter({ namespace, operatorNamespace, image, directory }: ExporterOptions): readonly object[] {
  const rbac = "rbac.authorization.k8s.io";
  const role = { name: "read-dcgm-metrics", namespace: operatorNamespace };
  const metadata = { name, namespace };
  const labels = { "app.kubernetes.io/name": name };
  const sources = dirname(import.meta.filename);
  const parameters = [
    `${operatorNamespace}:${configMap}`,
    `/run/nvml/${nvmlState}`,
    "/run/kubelet/kubelet.sock",
    String(port),
  ];
  const container = {
    name: "exporter",
    image,
    imagePullPolicy: "Never",
    command: ["node", "/exporter/main.ts", ...parameters],
    ports: [{ name: "metrics", containerPort: port }],
    readinessProbe: { httpGet: { path: "/metrics", port: "metrics" }, periodSeconds: 1 },
    // The kubelet's socket is root's.
    securityContext: { runAsUser: 0, allowPrivilegeEscalation: false },
    volumeMounts: [
      { name: "sources", mountPath: "/exporter", readOnly: true },
      { name: "nvml", mountPath: "/run/nvml", readOnly: true },
      { name: "pod-resources", mountPath: "/run/kubelet" },
    ],
  };
  const volumes = [
    { name: "sources", hostPath: { path: sources } },
    { name: "nvml", hostPath: { path: join(directory, nvmlFolders.state) } },
    { name: "pod-resources", hostPath: { path: "/var/lib/kubelet/pod-resources" } },
  ];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: `${rbac}/v1`,
      kind: "Role",
      metadata: role,
      rules: [{ apiGroups: [""], resources: ["configmaps"], resourceNames: [configMap], verbs: ["get"] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "RoleBinding",
      metadata: role,
      roleRef: { apiGroup: rbac, kind: "Role", name: role.name },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
    {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { serviceAccountName: name, containers: [container], volumes } },
      },
    },
    {
      apiVersion: "monitoring.coreos.com/v1",
      kind: "PodMonitor",
      metadata,
      spec: { selector: { matchLabels: labels }, podMetricsEndpoints: [{ port: "metrics", interval: "1s" }] },
    },
  ];
}
