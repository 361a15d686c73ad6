/** Nodes that exist in the API only. kwok keeps them alive and lets their pods become Ready. */
import { createHash } from "node:crypto";
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
  /** What the device plugin calls them. Default: `nvidia.com/gpu`. */
  readonly gpuResource?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  /** Nodes are called `PREFIX-0`, `PREFIX-1`, …, and none of a cluster as an earlier one. Default: `gpu-node`. */
  readonly namePrefix?: string;
  /** Whether kwok plays its kubelet. Default: yes. */
  readonly fake?: boolean;
  /** Default: one that leads nowhere. */
  readonly address?: string;
  /** More of `status.capacity` and `status.allocatable`, or other values. */
  readonly resources?: Readonly<Record<string, string>>;
}

interface Node extends KubernetesObject {
  readonly spec?: { readonly taints?: readonly Taint[] };
}

const nodes = "/api/v1/nodes";
const creationsInFlight = 16;
const notReady = "node.kubernetes.io/not-ready";

/** The node as its kubelet would register it, GPUs included. */
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
        kubeletVersion: "v1.35.0",
        machineID: "",
        operatingSystem: "linux",
        osImage: "",
        systemUUID: "",
      },
    },
  };
}

/** Leads nowhere, but pods have to say on which host they are. */
function nodeAddress(name: string): string {
  const [high, low] = createHash("sha256").update(name).digest();
  return `10.2.${high}.${low}`;
}

/** Gives out names of nodes, each once: kwok is late to look after a node that is called like one that has just gone. */
export function nodeNaming(): (prefix: string, count: number) => readonly string[] {
  const given = new Map<string, number>();
  return (prefix, count) => {
    const first = given.get(prefix) ?? 0;
    given.set(prefix, first + count);
    return Array.from({ length: count }, (_, index) => `${prefix}-${first + index}`);
  };
}

/** Resolves when pods can be placed on them. */
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

/** Resolves when pods can be placed on them. */
export async function untilReady(rest: Rest, names: readonly string[]): Promise<void> {
  await until(`the nodes ${names.join(", ")} to be ready`, async () => {
    const { items } = (await rest.request("GET", nodes)) as { items: readonly Node[] };
    const waiting = items.filter(({ metadata, spec }) => names.includes(metadata.name) && isTainted(spec?.taints));
    return waiting.length === 0 ? true : undefined;
  });
}

/** Removes the nodes and what runs on them, at once; without names, all that are fake. */
export async function removeNodes(rest: Rest, names?: readonly string[]): Promise<void> {
  for (const name of names ?? (await nodeNames(rest))) {
    await rest.delete(`${nodes}/${name}`);
    // Left alone, the pods of a node that has gone stay for some 40 s until the garbage collector is sure.
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

/** The API server taints every new node; a controller takes that back when it has seen that the node is ready. */
function isTainted(taints: readonly Taint[] = []): boolean {
  return taints.some(({ key }) => key === notReady);
}
