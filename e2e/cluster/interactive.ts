/** A cluster to try things on: how it is composed, and the instructions for its use. */
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startCluster, type Cluster } from "./cluster.ts";
import type { MainOptions } from "./main-options.ts";
import { startOperator, untilLeading } from "./operator.ts";
import { nodeAddress } from "./process-node/network-namespace.ts";

/** What a user needs to know of it. */
export interface ClusterReport {
  readonly server: string;
  readonly kubeconfig: string;
  readonly directory: string;
  /** A directory for the PATH, with kubectl and its plugin `kubectl gpumedia`. */
  readonly bin: string;
  readonly nodes: number;
  readonly gpus: number;
  readonly apis: readonly string[];
  readonly operator: boolean;
  readonly runPods: boolean;
  /** From the start of the first process until all are ready. */
  readonly bootSeconds: number;
}

type Composition = Pick<MainOptions, "nodes" | "gpus" | "apis" | "operator" | "runPods" | "port">;

export async function startInteractive(
  options: Composition,
): Promise<{ readonly cluster: Cluster; readonly report: ClusterReport }> {
  const { gpus, apis, operator, runPods, port } = options;
  const nodes = runPods ? 1 : options.nodes;
  const startedAt = performance.now();
  const cluster = await startCluster({
    crds: true,
    optionalCrds: apis,
    privateNetwork: runPods,
    horizontalPodAutoscalerSyncPeriod: runPods ? "1s" : "5s",
    ...(port === undefined ? {} : { port: async () => port }),
  });
  const bootSeconds = Math.round((performance.now() - startedAt) / 100) / 10;
  await Promise.all([addNodesTo(cluster, options), operator && leadingOperatorOf(cluster, runPods)]);
  const bin = join(cluster.directory, "bin");
  await mkdir(bin);
  await symlink(cluster.kubectlPath, join(bin, "kubectl"));
  for (const name of ["gpumedia", "kubectl-gpumedia"]) await symlink(join(ownPrograms, `${name}.js`), join(bin, name));
  const { server, kubeconfig, directory } = cluster;
  return { cluster, report: { server, kubeconfig, directory, bin, nodes, gpus, apis, operator, runPods, bootSeconds } };
}

async function addNodesTo(cluster: Cluster, { runPods, nodes, gpus }: Composition): Promise<void> {
  if (runPods) await cluster.addProcessNode({ gpus });
  else if (nodes > 0) await cluster.addNodes({ count: nodes, gpus });
}

async function leadingOperatorOf(cluster: Cluster, runPods: boolean): Promise<void> {
  await untilLeading(cluster, await startOperator(cluster, runPods ? loopOptions : {}));
}

const ownPrograms = fileURLToPath(new URL("../../operator/bin/", import.meta.url));

/** Pods that run report their utilization, and autoscalers read it, at shorter intervals than by default: a user waits. */
const loopOptions = { metricsApiAddress: nodeAddress, parameters: ["--utilization-interval=1s"] };

/** `stopWith` is the command or key that stops the cluster. */
export function instructions(report: ClusterReport, stopWith: string): string {
  const { server, kubeconfig, directory, bin, nodes, gpus, apis, operator, runPods, bootSeconds } = report;
  return [
    `The control plane is ready after ${bootSeconds} s: ${server}`,
    runPods
      ? `It has a node with ${gpus} mock GPUs, whose pods run as processes on this machine, and the CRDs in crds/.`
      : `It has ${nodes} fake nodes with ${gpus} GPUs each, whose pods become Ready without running, and the CRDs in crds/.`,
    ...(apis.length > 0 ? [`It also serves: ${apis.join(", ")}.`] : []),
    ...(operator ? [`The operator is running; its log is ${join(directory, "operator.log")}.`] : []),
    "",
    `  export KUBECONFIG=${kubeconfig}`,
    `  export PATH=${bin}:$PATH    # kubectl, and its plugin: kubectl gpumedia`,
    ...(operator ? [] : startTheOperator),
    "",
    `Logs of all processes: ${directory}/*.log`,
    `To stop it: ${stopWith}`,
    "",
  ].join("\n");
}

// Helm refuses CRDs that it did not install, unless it is to take them over.
const startTheOperator = [
  "  npx gpumedia-operator       # runs the operator here; or install it in the cluster (Helm 3.17 or newer):",
  "  helm install gpumedia-operator charts/gpumedia-operator -n gpumedia-system --create-namespace --take-ownership",
] as const;
