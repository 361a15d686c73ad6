/** The operator as a process beside the control plane, with the rights of an installation. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { operatorRbac } from "@gpumedia/install";
import type { Cluster } from "./cluster.ts";
import { compileCache } from "./compile-cache.ts";
import type { KubernetesObject } from "./rest.ts";
import { until, type UntilOptions } from "./until.ts";

export interface OperatorOptions {
  /** Namespace of its service account and its Lease. Default: `gpumedia-system`. */
  readonly namespace?: string;
  /** The process's name: two operators of one cluster need different ones. Default: `operator`. */
  readonly name?: string;
  /** Further flags; they win over ours. */
  readonly parameters?: readonly string[];
  /** Flags for Node, such as `--cpu-prof`. */
  readonly nodeParameters?: readonly string[];
  /** Default: that of the service account. */
  readonly kubeconfig?: string;
  /** Its entry point. Default: this tree's. */
  readonly program?: string;
  /** Serves custom.metrics.k8s.io on this address, at which the API server reaches it, with the rights for that. */
  readonly metricsApiAddress?: string;
}

export interface OperatorProcess {
  /** In `cluster.processes`, which can kill, suspend and restart it. */
  readonly name: string;
  readonly namespace: string;
  readonly kubeconfig: string;
  /** Path to its log. */
  readonly log: string;
}

const ownProgram = fileURLToPath(new URL("../../operator/bin/gpumedia-operator.js", import.meta.url));
const serviceAccount = "gpumedia-operator";

/** Starts it without waiting: see `untilLeading`. */
export async function startOperator(cluster: Cluster, options: OperatorOptions = {}): Promise<OperatorProcess> {
  const { namespace = "gpumedia-system", name = "operator", parameters = [], nodeParameters = [] } = options;
  const { program = ownProgram } = options;
  const { metricsApiAddress } = options;
  const kubeconfig = options.kubeconfig ?? (await kubeconfigOf(cluster, namespace, metricsApiAddress !== undefined));
  await cluster.processes.start(name, {
    command: process.execPath,
    // That of a copy of this tree, which is deleted, would stay in the cache.
    env: { NODE_COMPILE_CACHE: program === ownProgram ? compileCache : join(cluster.directory, "compile-cache") },
    parameters: [
      ...nodeParameters,
      program,
      `--kubeconfig=${kubeconfig}`,
      `--operator-namespace=${namespace}`,
      // Two operators on this machine would collide on the default ports.
      "--health-address=0",
      "--metrics-address=0",
      ...(metricsApiAddress === undefined ? [] : metricsApiParameters(metricsApiAddress)),
      ...parameters,
    ],
  });
  return { name, namespace, kubeconfig, log: cluster.processes.logFile(name) };
}

async function kubeconfigOf(cluster: Cluster, namespace: string, metricsApi: boolean): Promise<string> {
  const rbac = operatorRbac({
    namespace,
    serviceAccount,
    clusterRoleName: `${namespace}.${serviceAccount}`,
    metricsApi,
  });
  return cluster.serviceAccountKubeconfig({ namespace, serviceAccount, rbac });
}

function metricsApiParameters(address: string): readonly string[] {
  return [`--metrics-api-address=${address}:0`, `--metrics-api-advertise-address=${address}`];
}

/** Resolves when an operator holds the Lease of the namespace; fails with the end of its log if this one exits. */
export async function untilLeading(
  cluster: Cluster,
  { name, namespace }: OperatorProcess,
  options: UntilOptions = {},
): Promise<void> {
  const lease = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/gpumedia-operator`;
  const isLeading = async (): Promise<boolean> => {
    if (!(name in cluster.processes.pids)) {
      throw await cluster.processes.failure(name, await cluster.processes.exited(name));
    }
    const held = (await cluster.rest.get(lease)) as Lease | undefined;
    return Boolean(held?.spec?.holderIdentity);
  };
  await until("an operator to become the leader", isLeading, options);
}

type Lease = KubernetesObject & { readonly spec?: { readonly holderIdentity?: string } };
