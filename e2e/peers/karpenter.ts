/** Karpenter with its kwok provider, a process beside a control plane without nodes: those that it adds exist only in the API. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Cluster } from "../cluster/cluster.ts";
import { installCrds } from "../cluster/crds.ts";
import type { KubernetesObject } from "../cluster/rest.ts";
import { Helm, kubernetes } from "../specs/install/helm.ts";
import { tool } from "../cluster/tools.ts";
import { until } from "../cluster/until.ts";
import { peerPrograms, sourceOf, type PeerModule } from "./build.ts";

const karpenter = {
  name: "karpenter",
  module: "sigs.k8s.io/karpenter",
  programs: { kwok: "./kwok" },
  toolchain: "go1.26.10",
} as const satisfies PeerModule<string>;

/** Builds the programs. */
export async function karpenterPrograms() {
  await tool("helm");
  return peerPrograms(karpenter);
}

const account = { namespace: "karpenter", serviceAccount: "karpenter" };
export const karpenterUser = `system:serviceaccount:${account.namespace}:${account.serviceAccount}`;

/** The one NodePool. */
export const nodePool = "gpus";
/** Instance types: their GPUs, and prices that make one large node cheaper than two small ones. */
const instanceTypes = { "gpu-1": { gpus: 1, price: 2 }, "gpu-4": { gpus: 4, price: 3 } } as const;
/** How long a new node takes to register: more than two rounds in which the operator reads events. */
const registrationDelay = "15s";

/** Installs its CRDs alone. */
export async function installKarpenterCrds(cluster: Cluster): Promise<void> {
  const source = join(await sourceOf(karpenter), "kwok");
  await installCrds(cluster.kubectlWithInput, [join(source, "charts/crds"), join(source, "apis/crds")]);
}

/** Starts it with a NodePool; resolves when the pool is ready. Its CRDs are installed. */
export async function startKarpenter(cluster: Cluster): Promise<void> {
  const { kwok: command } = await karpenterPrograms();
  const types = join(cluster.directory, "instance-types.json");
  await writeFile(types, JSON.stringify(Object.entries(instanceTypes).map(instanceType)));
  await cluster.processes.start("karpenter", {
    command,
    parameters: ["--metrics-port=0", "--health-probe-port=0", `--instance-types-file-path=${types}`],
    env: {
      KUBECONFIG: await cluster.serviceAccountKubeconfig({ ...account, rbac: await rights(cluster) }),
      DISABLE_LEADER_ELECTION: "true",
      SYSTEM_NAMESPACE: account.namespace,
    },
  });
  await cluster.kubectlWithInput(pool, "apply", "--server-side", "-f", "-");
  await until("the NodePool to be ready", async (see) => {
    const { status } = (await cluster.rest.request("GET", `/apis/karpenter.sh/v1/nodepools/${nodePool}`)) as {
      readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
    };
    return see(status?.conditions)?.some((condition) => condition.type === "Ready" && condition.status === "True");
  });
}

function instanceType([name, { gpus, price }]: readonly [string, { readonly gpus: number; readonly price: number }]) {
  return {
    name,
    offerings: [{ Price: price, Available: true, Requirements: requirements }],
    architecture: "amd64",
    operatingSystems: ["linux"],
    resources: {
      cpu: "32",
      memory: "128Gi",
      "ephemeral-storage": "600Gi",
      pods: "110",
      "nvidia.com/gpu": String(gpus),
    },
  };
}

const requirements = [
  { key: "karpenter.sh/capacity-type", operator: "In", values: ["on-demand"] },
  { key: "topology.kubernetes.io/zone", operator: "In", values: ["zone-a"] },
];

const pool = [
  {
    apiVersion: "karpenter.kwok.sh/v1alpha1",
    kind: "KWOKNodeClass",
    metadata: { name: "default" },
    spec: { nodeRegistrationDelay: registrationDelay },
  },
  {
    apiVersion: "karpenter.sh/v1",
    kind: "NodePool",
    metadata: { name: nodePool },
    spec: {
      template: {
        spec: {
          requirements,
          nodeClassRef: { group: "karpenter.kwok.sh", kind: "KWOKNodeClass", name: "default" },
          expireAfter: "Never",
        },
      },
      disruption: {
        consolidationPolicy: "WhenEmptyOrUnderutilized",
        consolidateAfter: "1s",
        budgets: [{ nodes: "100%" }],
      },
    },
  },
];

/** Those of its chart. */
async function rights(cluster: Cluster): Promise<readonly KubernetesObject[]> {
  await using helm = await Helm.start("helm", cluster.kubeconfig);
  const chart = join(await sourceOf(karpenter), "kwok/charts");
  const shown = ["clusterrole", "clusterrole-kwok", "role", "rolebinding"].flatMap((name) => [
    "--show-only",
    `templates/${name}.yaml`,
  ]);
  const rendered = await helm.run("template", "karpenter", chart, "-n", account.namespace, kubernetes, ...shown);
  return parseAllDocuments(rendered).map((document) => document.toJS() as KubernetesObject);
}
