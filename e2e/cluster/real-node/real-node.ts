/** A node whose pods are containers: a real kubelet, containerd, runc and kube-proxy, CoreDNS, and what offers (mock) GPUs. */
import { join } from "node:path";
import type { ControlPlane } from "../control-plane.ts";
import { createKubectl } from "../kubectl.ts";
import { untilReady } from "../nodes.ts";
import { nodeAddress } from "../process-node/network-namespace.ts";
import { tools } from "../tools.ts";
import { until } from "../until.ts";
import { Containerd, containerdPrograms } from "./containerd.ts";
import { devicePluginArchive } from "./device-plugin.ts";
import { dns, dnsArchive } from "./dns.ts";
import { draDriverArchive } from "./dra-driver.ts";
import { GpuOffers } from "./gpu-offers.ts";
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
  /** Until it is disposed, the plugin offers each GPU as this many `nvidia.com/gpu.shared`, and none whole. */
  shareGpus(shares: number): Promise<AsyncDisposable>;
  /** Until it is disposed, the example DRA driver offers this many devices of the class `gpu.example.com`. */
  offerClaimable(devices: number): Promise<AsyncDisposable>;
}

const nodeName = "real-node";
const programs = [
  "kubelet",
  "kube-proxy",
  ...containerdPrograms,
  "nvidia-device-plugin",
  "dra-example-kubeletplugin",
  "coredns",
] as const;
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
  await writeNodeFiles(controlPlane, { nodeName, shared, shim: paths["containerd-shim-runc-v2"] });
  const containerd = await Containerd.start(processes, paths);
  await containerd.loadBuiltImages((folder) => archivesOfOurs(folder, directory, paths));
  await containerd.loadImages(images);
  await startKubelet(controlPlane, paths);
  await kubectl([kubeletClient, ...dns()], "apply", "-f", "-");
  const offers = new GpuOffers({ node: nodeName, kubectl, rest, directory, gpus: count });
  await offers.offer();
  return {
    name: nodeName,
    nameImage: (image, name) => containerd.nameImage(image, name),
    showGpus: (figures) => gpus.show(figures),
    followLoad: () => gpus.followLoad(controlPlane),
    gpus: () => offers.allocatable("nvidia.com/gpu"),
    restartDevicePlugin: () => offers.restartPlugin(),
    shareGpus: (shares) => offers.share(shares),
    offerClaimable: (devices) => offers.claimable(devices),
  };
}

async function archivesOfOurs(folder: string, directory: string, paths: Paths): Promise<readonly string[]> {
  const [pause = "", plugin = "", draPlugin = "", coreDns = ""] = ["pause", "plugin", "dra", "dns"].map((name) =>
    join(folder, `${name}.tar`),
  );
  await pauseArchive(pause);
  await devicePluginArchive(plugin, paths["nvidia-device-plugin"], libraryOf(directory));
  await draDriverArchive(draPlugin, paths["dra-example-kubeletplugin"]);
  await dnsArchive(coreDns, paths.coredns);
  return [pause, plugin, draPlugin, coreDns];
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
