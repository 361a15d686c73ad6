/** NVIDIA's device plugin, unchanged, with the mock of NVML in its image. */
import { join } from "node:path";
import { nvmlFolders, nvmlLibrary, nvmlState } from "./gpu-runtime.ts";
import { programImage } from "./program-image.ts";

const name = "nvidia-device-plugin";
const image = `localhost/${name}:1`;
const plugins = "/var/lib/kubelet/device-plugins";

export async function devicePluginArchive(file: string, program: string, library: string): Promise<void> {
  await programImage(file, { name: image, program, more: { [`/usr/lib/${nvmlLibrary}`]: library } });
}

/** The DaemonSet for nodes with these labels, whose files are in this directory. */
export function devicePlugin(directory: string, nodeSelector: Readonly<Record<string, string>> = {}) {
  const labels = { app: name };
  const container = {
    name: "plugin",
    image,
    imagePullPolicy: "Never",
    args: [
      "--device-discovery-strategy=nvml",
      "--mig-strategy=none",
      // The GPUs' UUIDs in NVIDIA_VISIBLE_DEVICES; there are no device files.
      "--device-list-strategy=envvar",
      "--pass-device-specs=false",
    ],
    env: [{ name: "GPUMEDIA_NVML_MOCK", value: `/run/nvml/${nvmlState}` }],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "plugins", mountPath: plugins },
      { name: "nvml", mountPath: "/run/nvml", readOnly: true },
    ],
  };
  const volumes = [
    { name: "plugins", hostPath: { path: plugins } },
    { name: "nvml", hostPath: { path: join(directory, nvmlFolders.state) } },
  ];
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name, namespace: "kube-system" },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          nodeSelector,
          priorityClassName: "system-node-critical",
          tolerations: [{ operator: "Exists" }],
          containers: [container],
          volumes,
        },
      },
    },
  };
}
