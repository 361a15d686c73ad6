/**
 * Decides how the pods of a service get their GPUs where `gpu.allocation` is Auto. Pure.
 *
 * | nodes name the resource | a DeviceClass has it as `extendedResourceName` | the claim's DeviceClass exists | allocation       |
 * | ----------------------- | ---------------------------------------------- | ------------------------------ | ---------------- |
 * | yes                     | any                                            | any                            | ExtendedResource |
 * | no                      | yes                                            | any                            | ExtendedResource |
 * | no                      | no                                             | yes                            | ResourceClaim    |
 * | no                      | no                                             | no                             | ExtendedResource |
 *
 * A change of the allocation replaces all pods, so an earlier decision stands while its source exists or a pod holds
 * devices by it, and until the other source can provide devices: a node pool that scales to zero, or a driver that
 * restarts, replaces no pod. Engines and shares of a GPU's memory always need a claim: an extended resource cannot ask for them.
 */
import { neededEngines, type GpuAllocation } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";

/** What offers GPUs, and how the service has got them. */
export interface AllocationInput {
  readonly service: Pick<EffectiveService, "gpu">;
  /** resource.k8s.io/v1 is served. */
  readonly claimsServed: boolean;
  /** A node's `status.allocatable` names `gpu.resourceName`. */
  readonly onNodes: boolean;
  /** The DeviceClass with `gpu.resourceName` as its `extendedResourceName`. */
  readonly extendedClass: string | undefined;
  /** A DeviceClass of the claim that exists. */
  readonly claimClass: string | undefined;
  /** A device of that class is published. */
  readonly hasClaimDevices: boolean;
  /** How the service's pods that have a node hold their GPUs. */
  readonly heldBy: ReadonlySet<GpuAllocation>;
  /** The decision before; undefined: none was recorded. */
  readonly before: GpuAllocation | undefined;
}

/** Recorded in `status.gpu`. */
export interface AllocationDecision {
  readonly allocation: GpuAllocation;
  /** The reason, for people. */
  readonly message: string;
  /** Why the spec cannot be fulfilled. The children stay as they are. */
  readonly problem?: string;
}

const api = "the API resource.k8s.io/v1 (Kubernetes 1.34 or newer), which this cluster does not serve";

export function decideAllocation(input: AllocationInput): AllocationDecision {
  const { service, claimsServed, before } = input;
  const { allocation } = service.gpu;
  if (allocation === "ResourceClaim" && !claimsServed) {
    const problem = `gpu.allocation: ResourceClaim requires ${api}; set Auto or ExtendedResource`;
    return { allocation, message: "set by gpu.allocation, but resource.k8s.io/v1 is not served", problem };
  }
  if (allocation !== "Auto") return { allocation, message: "set by gpu.allocation" };
  const field = claimField(service.gpu);
  if (field !== undefined) {
    const decision = { allocation: "ResourceClaim", message: `${field} needs a claim` } as const;
    return claimsServed ? decision : { ...decision, problem: `${field} requires ${api}; remove it` };
  }
  if (!claimsServed) return { allocation: "ExtendedResource", message: "resource.k8s.io/v1 is not served" };
  const now = offered(input);
  if (before === undefined || before === now.allocation || !stands(before, input)) return now;
  const other = now.allocation === "ResourceClaim" ? "ResourceClaim" : "ExtendedResource";
  return {
    allocation: before,
    message: `kept from before, as a change would replace all pods; now ${now.message}: to change, set gpu.allocation: ${other}`,
  };
}

/** The field that an extended resource cannot fulfil. */
function claimField({ engines, share }: EffectiveService["gpu"]): string | undefined {
  if (neededEngines(engines).length > 0) return "gpu.engines";
  return share.strategy === "Capacity" ? "gpu.share.strategy: Capacity" : undefined;
}

/** What a new service gets. */
function offered({ service, onNodes, extendedClass, claimClass }: AllocationInput): AllocationDecision {
  const { resourceName } = service.gpu;
  if (onNodes) return { allocation: "ExtendedResource", message: `nodes offer ${resourceName}` };
  if (extendedClass !== undefined) {
    return { allocation: "ExtendedResource", message: `DeviceClass ${extendedClass} offers ${resourceName}` };
  }
  if (claimClass !== undefined) {
    return {
      allocation: "ResourceClaim",
      message: `neither a node nor a DeviceClass offers ${resourceName}, and DeviceClass ${claimClass} exists`,
    };
  }
  return { allocation: "ExtendedResource", message: `neither a node nor a DeviceClass offers ${resourceName} yet` };
}

function stands(before: GpuAllocation, input: AllocationInput): boolean {
  const { onNodes, extendedClass, claimClass, hasClaimDevices, heldBy } = input;
  if (heldBy.has(before)) return true;
  const isExtended = onNodes || extendedClass !== undefined;
  return before === "ResourceClaim" ? claimClass !== undefined || !isExtended : isExtended || !hasClaimDevices;
}
