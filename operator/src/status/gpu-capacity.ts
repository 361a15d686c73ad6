import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { refusalText } from "../neighbours/karpenter.ts";
import { asksForGpu, countGpus, usableDevices, type NodeDevices } from "../plan/gpus.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import { gpusText } from "./gpu-nodes.ts";
import { gpuShortage, unmatchedSelection, waitsForGpu } from "./gpu-shortage.ts";
import type { GpuCapacityReason } from "./reasons.ts";
import type { StatusInput } from "./status-input.ts";

/** GpuCapacity: can every desired replica get its GPUs? Unknown until the nodes have been listed. */
export function gpuCapacity({ gpus, pods }: Pick<StatusInput, "gpus" | "pods">): Verdict<GpuCapacityReason> {
  if (gpus.perReplica === 0) return isTrue("NotNeeded", "the service runs on CPU");
  if (!gpus.synced) return unknown("NodesNotListed", "the nodes have not been listed yet");
  const { allocatable, free, replicas: fitting } = countGpus(gpus);
  const unbound = pods.filter(
    (pod) => pod.node === undefined && !pod.terminating && pod.gates.length === 0 && asksForGpu(pod, gpus.request),
  );
  // The scheduler names one reason for each node, which may be a selector: a node without it would have no GPU either.
  const waiting = unbound.filter((pod) => fitting === 0 || waitsForGpu(pod.unschedulable ?? "", pod, gpus.request));
  if (waiting.length > 0) {
    const text = `${replicas(waiting.length)} for a GPU`;
    const progress = waiting.map(({ provisioning }) =>
      provisioning?.coming === true ? provisioning.progress : undefined,
    );
    if (progress[0] !== undefined && !progress.includes(undefined)) {
      return isFalse("WaitingForNode", `${text} of a node that Karpenter is adding: ${progress[0]}`);
    }
    const unmatched = waiting.map(({ unschedulable }) => unmatchedSelection(unschedulable ?? "", gpus))[0];
    const refused = waiting.find(({ provisioning }) => provisioning?.coming === false)?.provisioning;
    return isFalse("Exhausted", `${text}: ${unmatched ?? gpuShortage(gpus)}${refusalText(refused)}`);
  }
  const capacityText =
    gpus.devices.length === 0
      ? `no node reports the number of free ${gpusText(gpus)}`
      : `${free} of ${allocatable} ${gpusText(gpus)} are free`;
  // A gated pod asks no node for a GPU, so no node autoscaler adds one for it.
  const gated = pods.filter(({ gates, terminating }) => gates.length > 0 && !terminating).length;
  const held = gated === 0 ? "" : `; ${gated} held back by scheduling gates, see Ready`;
  if (unbound.length === 0) return isTrue("Sufficient", `no replica waits for a GPU; ${capacityText}${held}`);
  return isTrue(
    "Sufficient",
    `${replicas(unbound.length)} for something other than a GPU, see Ready; ${capacityText}${held}`,
  );
}

function replicas(count: number): string {
  return count === 1 ? "1 replica waits" : `${count} replicas wait`;
}

type Capacity = NonNullable<GpuMediaServiceStatus["capacity"]>;

/** GPUs on the nodes that the service may use, and those that all desired replicas of the Deployment request. */
export function capacity({ gpus, deployment }: Pick<StatusInput, "gpus" | "deployment">): Capacity | undefined {
  if (gpus.perReplica === 0 || !gpus.synced) return undefined;
  const { allocatable, free } = countGpus(gpus);
  const gpusRequested = gpus.perReplica * (deployment?.spec.replicas ?? 0);
  const source = sourceOf(usableDevices(gpus));
  return {
    gpusRequested,
    gpusAllocatable: allocatable,
    gpusFree: free,
    ...(source === undefined ? {} : { source }),
  };
}

function sourceOf(devices: readonly NodeDevices[]): Capacity["source"] {
  const byPlugin = devices.some(({ inventory }) => inventory === undefined);
  const byDra = devices.some(({ inventory }) => inventory !== undefined);
  if (byPlugin) return byDra ? "Both" : "DevicePlugin";
  return byDra ? "DRA" : undefined;
}
