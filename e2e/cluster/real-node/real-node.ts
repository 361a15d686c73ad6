/** A node whose pods are containers: a real kubelet, containerd, runc and kube-proxy, and NVIDIA's device plugin on mock GPUs. */
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { mockLibrary } from "../../gpu-mock/library.ts";
import { mockGpu, writeState, type Figures } from "../../gpu-mock/state.ts";
import type { ControlPlane } from "../control-plane.ts";
import { writeKubeconfig } from "../kubeconfig.ts";
import { untilReady } from "../nodes.ts";
import { nodeAddress } from "../process-node/private-network.ts";
import { tools } from "../tools.ts";
import { until } from "../until.ts";
import { devicePlugin, devicePluginArchive } from "./device-plugin.ts";
import { busyGpus } from "./gpu-load.ts";
import { nvmlFolders, nvmlLibrary, nvmlState } from "./gpu-runtime.ts";
import { cgroupOf } from "./namespaces.ts";
import { pauseArchive } from "./program-image.ts";
import { cniFolder, missingForRealNode, programPath } from "./requirements.ts";
import {
  cniConfig,
  containerdConfig,
  containerdSocket,
  kubeletConfig,
  kubeProxyConfig,
  nodeFiles,
} from "./settings.ts";

export interface RealNodeOptions {
  /** OCI archives of the images that its pods need: nothing can be pulled. */
  readonly images?: readonly string[];
  /** Mock GPUs, offered by NVIDIA's device plugin. Default: 4. */
  readonly gpus?: number;
}

export interface RealNode {
  readonly name: string;
  /** Loads OCI archives. */
  load(archives: readonly string[]): Promise<void>;
  /** From now on NVML tells these figures of the GPUs that are named by their index, and an idle GPU's of the others. */
  showGpus(figures: Readonly<Record<number, Figures>>): void;
  /** From now on the figures follow the load of the processors that hold the GPUs, where `showGpus` says no others; until disposed. */
  followLoad(): AsyncDisposable;
  /** How many GPUs the node offers now. */
  gpus(): Promise<number>;
  /** A GPU that has failed stays so to the plugin until it is started anew; resolves when all are offered again. */
  restartDevicePlugin(): Promise<void>;
}

const run = promisify(execFile);
const nodeName = "real-node";
const followEveryMs = 500;
const runtimeProgram = fileURLToPath(new URL("gpu-runtime.ts", import.meta.url));

/** Builds what a node needs beside the control plane. */
export async function realNodeTools(): Promise<
  Readonly<Record<"kubelet" | "kube-proxy" | "nvidia-device-plugin", string>>
> {
  return tools(["kubelet", "kube-proxy", "nvidia-device-plugin"]);
}

/** Resolves when the node is ready and offers its GPUs. Only in a cluster with the option `realNode`. */
export async function addRealNode(
  controlPlane: ControlPlane,
  { images = [], gpus = 4 }: RealNodeOptions,
): Promise<RealNode> {
  const missing = await missingForRealNode();
  if (missing.length > 0) throw new Error(`no real node here: ${missing.join("; ")}`);
  const { directory, processes, rest } = controlPlane;
  const programs = await realNodeTools();
  let shown: Readonly<Record<number, Figures>> = {};
  const write = (busy: Readonly<Record<number, Figures>>): void => {
    const all = Array.from({ length: gpus }, (_, index) => mockGpu(index, { ...busy[index], ...shown[index] }));
    writeState(join(directory, nvmlFolders.state, nvmlState), { gpus: all });
  };
  const showGpus = (figures: Readonly<Record<number, Figures>>): void => {
    shown = figures;
    write({});
  };
  await writeNodeFiles(controlPlane);
  await writeMockDriver(directory);
  showGpus({});

  await processes.start("containerd", {
    command: programPath("containerd") ?? "",
    parameters: ["--config", join(directory, nodeFiles.containerd)],
  });
  await until("containerd to answer", () => ctr(directory, "version").catch(() => undefined));
  await loadBuilt(directory, async (folder) => {
    const [pause, plugin] = [join(folder, "pause.tar"), join(folder, "device-plugin.tar")];
    await pauseArchive(pause);
    await devicePluginArchive(
      plugin,
      programs["nvidia-device-plugin"],
      join(directory, nvmlFolders.library, nvmlLibrary),
    );
    return [pause, plugin];
  });
  await load(directory, images);
  await processes.start("kubelet", {
    command: programs.kubelet,
    parameters: [
      `--config=${join(directory, nodeFiles.kubelet)}`,
      `--kubeconfig=${join(directory, "kubelet.kubeconfig")}`,
      `--hostname-override=${nodeName}`,
      `--node-ip=${nodeAddress}`,
    ],
  });
  await processes.start("kube-proxy", {
    command: programs["kube-proxy"],
    parameters: [`--config=${join(directory, nodeFiles.kubeProxy)}`],
  });
  const node = `/api/v1/nodes/${nodeName}`;
  await until("the kubelet to register its node", () => rest.get(node), { withinMs: 60_000 });
  await untilReady(rest, [nodeName]);
  const offered = (): Promise<number> => gpusOffered(controlPlane);
  const untilOffered = async (): Promise<void> => {
    const look = async (): Promise<true | undefined> => ((await offered()) === gpus ? true : undefined);
    await until(`the device plugin to offer ${gpus} GPUs`, look, { withinMs: 60_000 });
  };
  const daemonSets = "/apis/apps/v1/namespaces/kube-system/daemonsets";
  const plugin = devicePlugin(directory);
  await rest.apply(daemonSets, plugin);
  await untilOffered();
  return {
    name: nodeName,
    load: (archives) => load(directory, archives),
    showGpus,
    followLoad: () => following(controlPlane, write),
    gpus: offered,
    async restartDevicePlugin() {
      const pods = "/api/v1/namespaces/kube-system/pods";
      await rest.request("DELETE", `${pods}?labelSelector=app=${plugin.metadata.name}`);
      await until("the node to have lost its GPUs", async () => ((await offered()) === 0 ? true : undefined));
      await untilOffered();
    },
  };
}

function following(
  { network, rest }: ControlPlane,
  write: (busy: Readonly<Record<number, Figures>>) => void,
): AsyncDisposable {
  const agent = network?.agent();
  if (agent === undefined) throw new Error("a cluster with a real node has a private network");
  const ending = new AbortController();
  const follow = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      write(await busyGpus(rest, agent));
      await pause(followEveryMs);
    }
  };
  const followed = follow();
  return {
    async [Symbol.asyncDispose]() {
      ending.abort();
      await followed;
      await agent.destroy();
    },
  };
}

async function gpusOffered({ rest }: ControlPlane): Promise<number> {
  const { status } = (await rest.get(`/api/v1/nodes/${nodeName}`)) as {
    status: { allocatable: Record<string, string> };
  };
  return Number(status.allocatable["nvidia.com/gpu"] ?? 0);
}

async function writeNodeFiles({ directory, certificates, server, rest }: ControlPlane): Promise<void> {
  const user = `system:node:${nodeName}`;
  const [kubelet, serving, proxy] = await Promise.all([
    certificates.client({ commonName: user, organization: "system:nodes" }),
    certificates.server({ commonName: user }, { dns: [nodeName], ip: [nodeAddress] }),
    certificates.client({ commonName: "system:kube-proxy" }),
  ]);
  const authority = certificates.certificate;
  const kubeProxyConfigFile = join(directory, "kube-proxy.kubeconfig");
  await writeKubeconfig(join(directory, "kubelet.kubeconfig"), { name: user, server, authority, user: kubelet });
  await writeKubeconfig(kubeProxyConfigFile, { name: "kube-proxy", server, authority, user: proxy });
  const contents: readonly (readonly [string, string])[] = [
    [nodeFiles.serving.certificate, serving.certificate],
    [nodeFiles.serving.key, serving.key],
    [nodeFiles.containerd, containerdConfig(directory, cniFolder() ?? "")],
    [nodeFiles.cni, cniConfig],
    [nodeFiles.kubelet, kubeletConfig(directory, cgroupOf(directory))],
    [nodeFiles.kubeProxy, kubeProxyConfig(kubeProxyConfigFile, nodeName)],
    [nodeFiles.resolvConf, ""],
    [nodeFiles.runtime, runtimeWrapper(directory)],
  ];
  for (const [file, text] of contents) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), text, { mode: 0o600 });
  }
  await chmod(join(directory, nodeFiles.runtime), 0o700);
  await rest.apply("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", kubeletClient);
}

/** The API server asks kubelets for logs, and to execute commands, under the front proxy's name. */
const kubeletClient = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "api-server-to-kubelets" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:kubelet-api-admin" },
  subjects: [{ kind: "User", name: "front-proxy", apiGroup: "rbac.authorization.k8s.io" }],
};

/** A shell for the many calls that make no container: Node's start would slow down each. */
function runtimeWrapper(directory: string): string {
  const adds = `'${process.execPath}' '${runtimeProgram}' '${directory}' "$@" || exit 1`;
  return `#!/bin/sh\ncase " $* " in *" create "*) ${adds} ;; esac\nexec ${programPath("runc")} "$@"\n`;
}

async function writeMockDriver(directory: string): Promise<void> {
  const library = mockLibrary();
  if (library.kind === "no-compiler") throw new Error(library.message);
  for (const folder of Object.values(nvmlFolders)) await mkdir(join(directory, folder));
  await copyFile(library.path, join(directory, nvmlFolders.library, nvmlLibrary));
}

async function loadBuilt(directory: string, build: (folder: string) => Promise<readonly string[]>): Promise<void> {
  const folder = await mkdtemp(join(directory, "images-"));
  await load(directory, await build(folder));
  await rm(folder, { recursive: true });
}

async function load(directory: string, archives: readonly string[]): Promise<void> {
  for (const archive of archives) await ctr(directory, "--namespace=k8s.io", "images", "import", archive);
}

/** From outside of the node: its containerd listens on a file, and does the mounting itself. */
async function ctr(directory: string, ...parameters: readonly string[]): Promise<string> {
  const { stdout } = await run(programPath("ctr") ?? "", [
    "--address",
    join(directory, containerdSocket),
    ...parameters,
  ]);
  return stdout;
}
