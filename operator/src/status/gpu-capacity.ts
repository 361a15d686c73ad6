import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { countGpus } from "../plan/gpus.ts";
import { isFalse, isTrue, unknown, type Verdict } from "./condition.ts";
import { gpuShortage, mentionsDevice } from "./gpu-shortage.ts";
import type { GpuCapacityReason } from "./reasons.ts";
import type { StatusInput } from "./status-input.ts";

/** GpuCapacity: can every desired replica get its GPUs? Unknown until the nodes have been listed. */
export function gpuCapacity({ gpus, pods }: Pick<StatusInput, "gpus" | "pods">): Verdict<GpuCapacityReason> {
  if (gpus.perReplica === 0) return isTrue("NotNeeded", "the service runs on CPU");
  if (!gpus.synced) return unknown("NodesNotListed", "the nodes have not been listed yet");
  const waiting = pods.filter(
    ({ node, unschedulable = "", devices }) => node === undefined && mentionsDevice(unschedulable, devices),
  );
  if (waiting.length > 0) return isFalse("Exhausted", `${replicas(waiting.length)} for a GPU: ${gpuShortage(gpus)}`);
  const { allocatable, free } = countGpus(gpus);
  return isTrue("Sufficient", `no replica waits for a GPU; ${free} of ${allocatable} ${gpus.resource} are free`);
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
  return { gpusRequested, gpusAllocatable: allocatable, gpusFree: free };
}
