/**
 * A real control plane without Docker, on loopback. It never outlives the process that started it.
 *
 *     await using cluster = await startCluster();
 *     await cluster.addNodes({ count: 2, gpus: 4 });
 *     await cluster.kubectl("get", "nodes");
 */
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { AuditLog } from "./audit.ts";
import { bootControlPlane, ready, type ControlPlane, type Program } from "./control-plane.ts";
import { installCrds, ownCrds, removeCrds } from "./crds.ts";
import { serviceAccountKubeconfig, type ServiceAccountOptions } from "./identity.ts";
import { createKubectl, type Kubectl, type KubectlWithInput } from "./kubectl.ts";
import { addNodes, nodeNaming, removeNodes, type NodesOptions } from "./nodes.ts";
import { optionalCrdFiles, type CrdFamily, type OptionalApi } from "./optional-crds.ts";
import type { ClusterOptions } from "./options.ts";
import type { PrivateNetwork } from "./process-node/private-network.ts";
import { addProcessNode, type ProcessNodeOptions } from "./process-node/process-node.ts";
import { files } from "./programs.ts";
import { addRealNode, type RealNode, type RealNodeOptions } from "./real-node/real-node.ts";
import type { Processes } from "./processes.ts";
import type { Rest } from "./rest.ts";
import { until } from "./until.ts";

export type { ClusterOptions } from "./options.ts";
export { failingImages } from "./kwok-stages.ts";

export interface Cluster extends AsyncDisposable {
  /** Path to a file with the administrator's credentials. */
  readonly kubeconfig: string;
  /** `https://127.0.0.1:PORT`. */
  readonly server: string;
  /** Has a log per process (`kube-apiserver.log`, …) and every other file; `stop()` removes it. */
  readonly directory: string;
  /** Path to the program. */
  readonly kubectlPath: string;
  readonly kubectl: Kubectl;
  readonly kubectlWithInput: KubectlWithInput;
  /** Requests of the administrator. */
  readonly rest: Rest;
  readonly audit: AuditLog;
  /** The processes by name, to kill or suspend them. */
  readonly processes: Processes;
  /** Connects to the addresses of pods and Services; with the option `privateNetwork`. */
  readonly network: PrivateNetwork | undefined;
  /** Kills a process and starts it again; resolves when the API server is ready. */
  restart(process: Program): Promise<void>;
  /** Creates a namespace with a unique name, in which pods can be created. */
  newNamespace(prefix?: string): Promise<string>;
  /** Returns the names of the new nodes as soon as pods can be scheduled to them. */
  addNodes(options?: NodesOptions): Promise<readonly string[]>;
  /** Adds a node whose pods run as processes, and returns its name. Needs the option `privateNetwork`. */
  addProcessNode(options?: ProcessNodeOptions): Promise<string>;
  /** Adds a node whose pods are containers, at most one per cluster. Needs the option `realNode`, and root. */
  addRealNode(options?: RealNodeOptions): Promise<RealNode>;
  /** Removes nodes and their pods at once; without names, all nodes. */
  removeNodes(names?: readonly string[]): Promise<void>;
  /** Installs `crds/`. See also the option `crds`. */
  installCrds(): Promise<void>;
  /** Installs CRDs that others own, from the Go module that ships them. */
  installOptionalCrds(apis: readonly OptionalApi[], family?: CrdFamily): Promise<void>;
  /** Removes them, and all objects of their kinds. */
  removeOptionalCrds(apis: readonly OptionalApi[]): Promise<void>;
  /** Writes a kubeconfig of a service account with the rights of the shipped operator, or with those given. */
  serviceAccountKubeconfig(options: ServiceAccountOptions): Promise<string>;
  /** Kills all processes and removes the directory. */
  stop(): Promise<void>;
}

/**
 * Boots another cluster. Nothing of it outlives this process, however that exits.
 *
 * Fails with a `ToolError` when a program can't be built, and with a `ProcessFailure` that includes the end of its log when
 * one exits during the boot.
 */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const controlPlane = await bootControlPlane(options, {
    beforeControllers: async (booting) => {
      const own = options.crds === true ? [ownCrds] : [];
      await installCrds(kubectlOf(booting), [...own, ...(await optionalCrdFiles(options.optionalCrds ?? []))]);
    },
  });
  return clusterOf(controlPlane, options);
}

function kubectlOf({ kubectl, kubeconfigFile }: ControlPlane): KubectlWithInput {
  return createKubectl(kubectl, kubeconfigFile("admin"));
}

function clusterOf(controlPlane: ControlPlane, options: ClusterOptions): Cluster {
  const { directory, server, rest, processes } = controlPlane;
  const kubectl = kubectlOf(controlPlane);
  const nameNodes = nodeNaming();
  const stop = async (): Promise<void> => controlPlane[Symbol.asyncDispose]();
  // A test that fails because a process exited shows the reason.
  processes.onFailure(({ message }) => process.stderr.write(`${message}\n`));
  return {
    kubeconfig: controlPlane.kubeconfigFile("admin"),
    server,
    directory,
    kubectlPath: controlPlane.kubectl,
    kubectl: (...parameters) => kubectl("", ...parameters),
    kubectlWithInput: kubectl,
    rest,
    audit: new AuditLog(join(directory, files.auditLog)),
    processes,
    network: controlPlane.network,
    async restart(name) {
      await processes.restart(name);
      await ready(processes, rest);
    },
    newNamespace: (prefix = "test") => newNamespace(rest, `${prefix}-${randomUUID().slice(0, 8)}`),
    async addNodes(nodes = {}) {
      const { count = 1, namePrefix = "gpu-node" } = nodes;
      const names = nameNodes(namePrefix, count);
      await addNodes(rest, names, nodes);
      return names;
    },
    async addProcessNode(node = {}) {
      if (controlPlane.network === undefined)
        throw new Error("a process node needs startCluster({ privateNetwork: true })");
      return addProcessNode({ processes, rest, kubeconfig: controlPlane.kubeconfigFile("admin") }, node);
    },
    async addRealNode(node = {}) {
      if (options.realNode !== true) throw new Error("a real node needs startCluster({ realNode: true })");
      return addRealNode(controlPlane, node);
    },
    removeNodes: (names) => removeNodes(rest, names),
    installCrds: () => installCrds(kubectl, [ownCrds]),
    installOptionalCrds: async (apis, family) => installCrds(kubectl, await optionalCrdFiles(apis, family)),
    removeOptionalCrds: async (apis) => removeCrds(kubectl, await optionalCrdFiles(apis)),
    serviceAccountKubeconfig: (options) => serviceAccountKubeconfig(controlPlane, options),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function newNamespace(rest: Rest, name: string): Promise<string> {
  await rest.request("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
  const account = `/api/v1/namespaces/${name}/serviceaccounts/default`;
  await until(`the default service account of ${name}`, () => rest.get(account));
  return name;
}
