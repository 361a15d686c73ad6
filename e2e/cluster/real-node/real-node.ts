/** A node whose pods are containers: a real kubelet, containerd, runc and kube-proxy, CoreDNS, and NVIDIA's device plugin on mock GPUs. */
import { join } from "node:path";
import type { ControlPlane } from "../control-plane.ts";
import { createKubectl } from "../kubectl.ts";
import { untilReady } from "../nodes.ts";
import { nodeAddress } from "../process-node/network-namespace.ts";
import { tools } from "../tools.ts";
import { until, type See } from "../until.ts";
import { loadBuiltImages, loadImages, nameImage, startContainerd } from "./containerd.ts";
import { devicePlugin, devicePluginArchive } from "./device-plugin.ts";
import { dns, dnsArchive } from "./dns.ts";
import { libraryOf, MockGpus, type GpuFigures } from "./mock-gpus.ts";
import { kubeletClient, writeNodeFiles } from "./node-files.ts";
import { pauseArchive } from "./program-image.ts";
import { missingForRealNode } from "./requirements.ts";
import { nodeFiles } from "./settings.ts";

export interface RealNodeOptions {
  /** OCI archives of the images that its pods need: no image can be pulled. */
  readonly images?: readonly string[];
  /** Folders of this machine, mounted into all containers at the same path, read-only. */
  readonly shared?: readonly string[];
  /** Mock GPUs, offered by NVIDIA's device plugin. Default: 4. */
  readonly gpus?: number;
}

export interface RealNode {
  readonly name: string;
  /** Gives a loaded image another name. */
  nameImage(image: string, name: string): Promise<void>;
  /** Sets the figures that NVML reports; without figures, a GPU is idle. */
  showGpus(figures: GpuFigures): void;
  /** Until it is disposed, a GPU without figures from `showGpus` is as busy as the processor that uses it. */
  followLoad(): AsyncDisposable;
  /** The number of allocatable GPUs. */
  gpus(): Promise<number>;
  /** The plugin keeps a failed GPU unhealthy until it restarts; resolves when all GPUs are allocatable again. */
  restartDevicePlugin(): Promise<void>;
}

const nodeName = "real-node";
const programs = ["kubelet", "kube-proxy", "nvidia-device-plugin", "coredns"] as const;
type Paths = Readonly<Record<(typeof programs)[number], string>>;

/** Builds the node's programs. */
export async function realNodeTools(): Promise<Paths> {
  return tools(programs);
}

/** Resolves when the node is ready and its GPUs are allocatable. Needs the cluster option `realNode`. */
export async function addRealNode(
  controlPlane: ControlPlane,
  { images = [], shared = [], gpus: count = 4 }: RealNodeOptions,
): Promise<RealNode> {
  const missing = await missingForRealNode();
  if (missing.length > 0) throw new Error(`this machine cannot run a real node: ${missing.join("; ")}`);
  const { directory, processes, rest } = controlPlane;
  const paths = await realNodeTools();
  const kubectl = createKubectl(controlPlane.kubectl, controlPlane.kubeconfigFile("admin"));
  const gpus = await MockGpus.create(directory, count);
  await writeNodeFiles(controlPlane, nodeName, shared);
  await startContainerd(processes);
  await loadBuiltImages(directory, (folder) => archivesOfOurs(folder, directory, paths));
  await loadImages(directory, images);
  await startKubelet(controlPlane, paths);
  const plugin = devicePlugin(directory);
  await kubectl([kubeletClient, ...dns(), plugin], "apply", "-f", "-");

  const allocatable = async (): Promise<number> => {
    const { status } = (await rest.get(`/api/v1/nodes/${nodeName}`)) as Node;
    return Number(status.allocatable["nvidia.com/gpu"] ?? 0);
  };
  const untilAllocatable = async (expected: number): Promise<void> => {
    const read = async (see: See): Promise<boolean> => see(await allocatable()) === expected;
    await until(`${expected} allocatable GPUs`, read, { withinMs: 60_000 });
  };
  await untilAllocatable(count);
  return {
    name: nodeName,
    nameImage: (image, name) => nameImage(directory, image, name),
    showGpus: (figures) => gpus.show(figures),
    followLoad: () => gpus.followLoad(controlPlane),
    gpus: allocatable,
    async restartDevicePlugin() {
      const { name, namespace } = plugin.metadata;
      await kubectl("", "delete", "pods", "-n", namespace, "-l", `app=${name}`);
      await untilAllocatable(count);
    },
  };
}

interface Node {
  readonly status: { readonly allocatable: Readonly<Record<string, string>> };
}

async function archivesOfOurs(folder: string, directory: string, paths: Paths): Promise<readonly string[]> {
  const files = { pause: join(folder, "pause.tar"), plugin: join(folder, "plugin.tar"), dns: join(folder, "dns.tar") };
  await pauseArchive(files.pause);
  await devicePluginArchive(files.plugin, paths["nvidia-device-plugin"], libraryOf(directory));
  await dnsArchive(files.dns, paths.coredns);
  return Object.values(files);
}

/** Resolves when pods can be scheduled to its node. */
async function startKubelet({ directory, processes, rest }: ControlPlane, paths: Paths): Promise<void> {
  await processes.start("kubelet", {
    command: paths.kubelet,
    parameters: [
      `--config=${join(directory, nodeFiles.kubelet)}`,
      `--kubeconfig=${join(directory, nodeFiles.kubeletUser)}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
    ],
  });
  await processes.start("kube-proxy", {
    command: paths["kube-proxy"],
    parameters: [`--config=${join(directory, nodeFiles.kubeProxy)}`],
  });
  await until("the kubelet to register its node", () => rest.get(`/api/v1/nodes/${nodeName}`), { withinMs: 60_000 });
  await untilReady(rest, [nodeName]);
}
