/** Nodes that exist only in the API. kwok makes them and their pods Ready. */
import { createHash } from "node:crypto";
import { kubernetesVersion } from "./kubernetes-version.ts";
import { fakeNode } from "./kwok-stages.ts";
import type { KubernetesObject, Rest } from "./rest.ts";
import { until } from "./until.ts";

export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

export interface NodesOptions {
  /** Default: 1. */
  readonly count?: number;
  /** GPUs per node. Default: 4; 0 for a node without any. */
  readonly gpus?: number;
  /** Name of the GPU resource. Default: `nvidia.com/gpu`. */
  readonly gpuResource?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** Nodes are named `PREFIX-0`, `PREFIX-1`, …; a cluster never uses a name twice. Default: `gpu-node`. */
  readonly namePrefix?: string;
  /** Whether kwok stands in for the kubelet. Default: yes. */
  readonly fake?: boolean;
  /** Default: one that cannot be reached. */
  readonly address?: string;
  /** Added to `status.capacity` and `status.allocatable`; replaces the defaults. */
  readonly resources?: Readonly<Record<string, string>>;
}

interface Node extends KubernetesObject {
  readonly spec?: { readonly taints?: readonly Taint[] };
}

const nodes = "/api/v1/nodes";
const creationsInFlight = 16;
const notReady = "node.kubernetes.io/not-ready";

/** The node as its kubelet would register it, with GPUs. */
export function nodeManifest(name: string, options: NodesOptions): KubernetesObject & Record<string, unknown> {
  const { gpus = 4, gpuResource = "nvidia.com/gpu", labels = {}, taints = [], resources = {}, fake = true } = options;
  const quantities = {
    cpu: "32",
    memory: "256Gi",
    "ephemeral-storage": "1Ti",
    pods: "110",
    ...(gpus === 0 ? {} : { [gpuResource]: String(gpus) }),
    ...resources,
  };
  const now = new Date().toISOString();
  const gpuLabels = { "nvidia.com/gpu.present": "true", "nvidia.com/gpu.count": String(gpus) };
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name,
      ...(fake ? { annotations: fakeNode } : {}),
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        ...(gpus === 0 ? {} : gpuLabels),
        ...labels,
      },
    },
    spec: { taints },
    status: {
      capacity: quantities,
      allocatable: quantities,
      addresses: [
        { type: "Hostname", address: name },
        { type: "InternalIP", address: options.address ?? nodeAddress(name) },
      ],
      conditions: [
        {
          type: "Ready",
          status: "True",
          reason: "KubeletReady",
          message: "kubelet is posting ready status",
          lastHeartbeatTime: now,
          lastTransitionTime: now,
        },
      ],
      nodeInfo: {
        architecture: "amd64",
        bootID: "",
        containerRuntimeVersion: "",
        kernelVersion: "",
        kubeProxyVersion: "",
        kubeletVersion: `v${kubernetesVersion()}.0`,
        machineID: "",
        operatingSystem: "linux",
        osImage: "",
        systemUUID: "",
      },
    },
  };
}

/** It cannot be reached, but a pod's status needs the host's address. */
function nodeAddress(name: string): string {
  const [high, low] = createHash("sha256").update(name).digest();
  return `10.2.${high}.${low}`;
}

/** Returns new names for nodes: kwok is slow to manage a node with the name of one that was just deleted. */
export function nodeNaming(): (prefix: string, count: number) => readonly string[] {
  const given = new Map<string, number>();
  return (prefix, count) => {
    const first = given.get(prefix) ?? 0;
    given.set(prefix, first + count);
    return Array.from({ length: count }, (_, index) => `${prefix}-${first + index}`);
  };
}

/** Resolves when pods can be scheduled to them. */
export async function addNodes(rest: Rest, names: readonly string[], options: NodesOptions): Promise<void> {
  const left = names.toReversed();
  const create = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      await rest.request("POST", nodes, nodeManifest(name, options));
    }
  };
  await Promise.all(Array.from({ length: creationsInFlight }, create));
  await untilReady(rest, names);
}

/** Resolves when pods can be scheduled to them. */
export async function untilReady(rest: Rest, names: readonly string[]): Promise<void> {
  await until(`the nodes ${names.join(", ")} to be ready`, async (see) => {
    const { items } = (await rest.request("GET", nodes)) as { items: readonly Node[] };
    const waiting = items.filter(({ metadata, spec }) => names.includes(metadata.name) && isTainted(spec?.taints));
    see(waiting.map(({ metadata, spec }) => ({ name: metadata.name, taints: spec?.taints })));
    return waiting.length === 0;
  });
}

/** Deletes the nodes and their pods at once; without names, all nodes. */
export async function removeNodes(rest: Rest, names?: readonly string[]): Promise<void> {
  for (const name of names ?? (await nodeNames(rest))) {
    await rest.delete(`${nodes}/${name}`);
    // The garbage collector would delete the pods of a missing node only after about 40 s.
    const onNode = `/api/v1/pods?fieldSelector=spec.nodeName=${name}`;
    const { items } = (await rest.request("GET", onNode)) as { items: readonly KubernetesObject[] };
    await Promise.all(
      items.map(({ metadata }) => rest.delete(`/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`)),
    );
  }
}

async function nodeNames(rest: Rest): Promise<readonly string[]> {
  const { items } = (await rest.request("GET", nodes)) as { items: readonly KubernetesObject[] };
  return items.map(({ metadata }) => metadata.name);
}

/** The API server taints every new node; a controller removes the taint when it observes that the node is ready. */
function isTainted(taints: readonly Taint[] = []): boolean {
  return taints.some(({ key }) => key === notReady);
}
