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
  return { node: sampleNode(change), allocatable, free, holders };
}

export function sampleGpus(devices: readonly NodeDevices[], change: Partial<GpuView> = {}): GpuView {
  const resource = "nvidia.com/gpu";
  const selection = { nodeSelector: {}, nodeAffinity: undefined, tolerations: [] };
  return { resource, perReplica: 1, synced: true, devices, ...selection, ...change };
}
