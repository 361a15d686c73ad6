/** GPUs as a service sees them, for tests. */
import type { Holders } from "../observe/gpu-ledger.ts";
import { sampleNode } from "../observe/node-view.sample.ts";
import type { NodeView } from "../observe/node-view.ts";
import type { GpuView, NodeDevices } from "./gpus.ts";

/** Held by `media/upscaler`, unless `holders` differ. */
export function sampleDevices(
  allocatable: number,
  free: number,
  change: Partial<NodeView> = {},
  holders: Holders = { "media/upscaler": allocatable - free },
): NodeDevices {
  return { node: sampleNode(change), allocatable, free, holders, fits: free, inventory: undefined };
}

export function sampleGpus(devices: readonly NodeDevices[], change: Partial<GpuView> = {}): GpuView {
  const { perReplica = 1 } = change;
  const extended = { kind: "ExtendedResource", resource: "nvidia.com/gpu", count: perReplica } as const;
  return {
    request: perReplica === 0 ? { kind: "None" } : extended,
    perReplica,
    synced: true,
    nodes: devices.map(({ node }) => ({ node, held: {} })),
    devices: devices.map((node) => ({ ...node, fits: Math.floor(node.free / perReplica) })),
    dra: undefined,
    deviceRequests: [],
    nodeSelector: {},
    nodeAffinity: undefined,
    tolerations: [],
    ...change,
  };
}
