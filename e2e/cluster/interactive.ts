/** A cluster for somebody to play with: what it is made of, and how it is told. */
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { startCluster, type Cluster } from "./cluster.ts";
import type { MainOptions } from "./main-options.ts";
import { startOperator, untilLeading } from "./operator.ts";
import { nodeAddress } from "./process-node/network-namespace.ts";

/** All that somebody needs to use it. */
export interface ClusterReport {
  readonly server: string;
  readonly kubeconfig: string;
  readonly directory: string;
  /** A directory for the PATH, with kubectl. */
  readonly bin: string;
  readonly nodes: number;
  readonly gpus: number;
  readonly apis: readonly string[];
  readonly operator: boolean;
  readonly runPods: boolean;
  /** From the first process to the last. */
  readonly bootSeconds: number;
}

type Composition = Pick<MainOptions, "nodes" | "gpus" | "apis" | "operator" | "runPods" | "port">;

export async function startInteractive(
  options: Composition,
): Promise<{ readonly cluster: Cluster; readonly report: ClusterReport }> {
  const { gpus, apis, operator, runPods, port } = options;
  const nodes = runPods ? 1 : options.nodes;
  const begun = performance.now();
  const cluster = await startCluster({
    crds: true,
    privateNetwork: runPods,
    horizontalPodAutoscalerSyncPeriod: runPods ? "1s" : "5s",
    ...(port === undefined ? {} : { port: async () => port }),
  });
  const bootSeconds = Math.round((performance.now() - begun) / 100) / 10;
  if (runPods) await cluster.addProcessNode({ gpus });
  else if (nodes > 0) await cluster.addNodes({ count: nodes, gpus });
  await cluster.installOptionalCrds(apis);
  if (operator) await untilLeading(cluster, await startOperator(cluster, runPods ? loopOptions : {}));
  const bin = join(cluster.directory, "bin");
  await mkdir(bin);
  await symlink(cluster.kubectlPath, join(bin, "kubectl"));
  const { server, kubeconfig, directory } = cluster;
  return { cluster, report: { server, kubeconfig, directory, bin, nodes, gpus, apis, operator, runPods, bootSeconds } };
}

/** Pods that run report, and autoscalers can read it: sooner than on a cluster where nobody sits and waits. */
const loopOptions = { metricsApiAddress: nodeAddress, parameters: ["--utilization-interval=1s"] };

/** What is up and how to use it; `ending` is the command or key that ends it. */
export function instructions(report: ClusterReport, ending: string): string {
  const { server, kubeconfig, directory, bin, nodes, gpus, apis, operator, runPods, bootSeconds } = report;
  return [
    `The control plane is up after ${bootSeconds} s: ${server}`,
    runPods
      ? `It has a node with ${gpus} mock GPUs, on which pods run as processes of this machine, and the CRDs of crds/.`
      : `It has ${nodes} fake nodes with ${gpus} GPUs each, on which pods become Ready without running, and the CRDs of crds/.`,
    ...(apis.length > 0 ? [`It also serves: ${apis.join(", ")}.`] : []),
    ...(operator ? [`The operator runs; its log is ${join(directory, "operator.log")}.`] : []),
    "",
    `  export KUBECONFIG=${kubeconfig}`,
    `  export PATH=${bin}:$PATH    # for its kubectl`,
    ...(operator ? [] : ["  npx gpumedia-operator       # starts the operator"]),
    "",
    `Logs of all processes: ${directory}/*.log`,
    `End it: ${ending}`,
    "",
  ].join("\n");
}
