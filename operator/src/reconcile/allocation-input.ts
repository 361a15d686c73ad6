/** What decides how the pods of a service get their GPUs, from the snapshot. Pure. */
import { gpuRequest, type GpuAllocation } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { childKinds } from "../observe/child-kinds.ts";
import { classOfResource } from "../observe/device-class-view.ts";
import { claimTemplateLabel } from "../observe/names.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { AllocationInput } from "../plan/gpu-allocation.ts";
import { gpuView } from "../plan/gpus.ts";
import type { Snapshot } from "./snapshot.ts";

export function allocationInput(
  service: EffectiveService,
  snapshot: Pick<Snapshot, "gpus" | "pods" | "served" | "stored" | "children" | "claimTemplates">,
): AllocationInput {
  const { gpus, pods, served, stored } = snapshot;
  const { resourceName } = service.gpu;
  const classes = gpus.dra?.classes ?? new Map<string, never>();
  const claimed = gpuRequest(service, "ResourceClaim");
  const wanted = claimed.kind === "ResourceClaim" ? claimed.alternatives.map(({ deviceClass }) => deviceClass) : [];
  const claimClass = wanted.find((name) => classes.has(name));
  const onNodes = gpus.nodes.some(({ node }) => resourceName in node.allocatable);
  const extendedClass = classOfResource(classes, resourceName)?.name;
  return {
    service,
    claimsServed: served.has(childKinds.resourceClaimTemplate),
    onNodes,
    extendedClass,
    claimClass,
    // Only then does it matter.
    hasClaimDevices:
      claimClass !== undefined &&
      !onNodes &&
      extendedClass === undefined &&
      gpuView(service, claimed, gpus).devices.length > 0,
    heldBy: new Set(pods.flatMap((pod) => heldBy(pod, resourceName))),
    before: stored.status?.gpu?.allocation ?? unrecorded(snapshot),
  };
}

/** An operator of an earlier version recorded none, and one may exit before it has written the first status. */
function unrecorded({
  children,
  claimTemplates,
}: Pick<Snapshot, "children" | "claimTemplates">): GpuAllocation | undefined {
  if (claimTemplates.length > 0) return "ResourceClaim";
  return children.deployment === undefined ? undefined : "ExtendedResource";
}

function heldBy({ node, labels, devices }: PodView, resource: string): readonly GpuAllocation[] {
  if (node === undefined) return [];
  if (labels[claimTemplateLabel] !== undefined) return ["ResourceClaim"];
  return resource in devices ? ["ExtendedResource"] : [];
}
