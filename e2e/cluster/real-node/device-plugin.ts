/** NVIDIA's device plugin, unchanged, with the mock of NVML in its image. */
import { basename, dirname, join } from "node:path";
import { stringify } from "yaml";
import type { KubernetesObject } from "../rest.ts";
import { nvmlFolders, nvmlLibrary, nvmlState } from "./gpu-runtime.ts";
import { programImage } from "./program-image.ts";

const name = "nvidia-device-plugin";
const image = `localhost/${name}:1`;
const plugins = "/var/lib/kubelet/device-plugins";

export async function devicePluginArchive(file: string, program: string, library: string): Promise<void> {
  await programImage(file, { name: image, program, more: { [`/usr/lib/${nvmlLibrary}`]: library } });
}

/** What a plugin that shares GPUs reads. */
const configFile = "/etc/device-plugin/config.yaml";

/**
 * Time-slicing: each GPU is offered as this many `nvidia.com/gpu.shared`, and a container may request one of them.
 *
 * @see https://github.com/NVIDIA/k8s-device-plugin#with-cuda-time-slicing
 */
export function sharingConfig(shares: number): KubernetesObject {
  const timeSlicing = {
    renameByDefault: true,
    failRequestsGreaterThanOne: true,
    resources: [{ name: "nvidia.com/gpu", replicas: shares }],
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace: "kube-system" },
    data: { [basename(configFile)]: stringify({ version: "v1", sharing: { timeSlicing } }) },
  } as KubernetesObject;
}

interface PluginOptions {
  /** Labels of its nodes. Default: all nodes. */
  readonly nodeSelector?: Readonly<Record<string, string>>;
  /** Whether it reads the `sharingConfig`, when it starts. Default: false. */
  readonly shares?: boolean;
}

/** The DaemonSet for nodes whose files are in this directory. */
export function devicePlugin(directory: string, { nodeSelector = {}, shares = false }: PluginOptions = {}) {
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
      ...(shares ? [`--config-file=${configFile}`] : []),
    ],
    env: [{ name: "GPUMEDIA_NVML_MOCK", value: `/run/nvml/${nvmlState}` }],
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "plugins", mountPath: plugins },
      { name: "nvml", mountPath: "/run/nvml", readOnly: true },
      ...(shares ? [{ name: "config", mountPath: dirname(configFile), readOnly: true }] : []),
    ],
  };
  const volumes = [
    { name: "plugins", hostPath: { path: plugins } },
    { name: "nvml", hostPath: { path: join(directory, nvmlFolders.state) } },
    ...(shares ? [{ name: "config", configMap: { name } }] : []),
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
