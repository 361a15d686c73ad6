import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import { decideAllocation, type AllocationInput } from "./gpu-allocation.ts";

const resource = "nvidia.com/gpu";
const nothing: AllocationInput = {
  service: sampleService(),
  claimsServed: true,
  onNodes: false,
  extendedClass: undefined,
  claimClass: undefined,
  hasClaimDevices: false,
  heldBy: new Set(),
  before: undefined,
};
const nodes = { onNodes: true };
const extended = { extendedClass: "gpu.nvidia.com" };
const claimable = { claimClass: "gpu.nvidia.com", hasClaimDevices: true };
const byPlugin = `nodes offer ${resource}`;
const byClass = `DeviceClass gpu.nvidia.com offers ${resource}`;
const byClaim = `neither a node nor a DeviceClass offers ${resource}, and DeviceClass gpu.nvidia.com exists`;
const byNone = `neither a node nor a DeviceClass offers ${resource} yet`;
const kept = (now: string, other: string): string =>
  `kept from before, as a change would replace all pods; now ${now}: to change, set gpu.allocation: ${other}`;

describe("the allocation of a service", () => {
  const cases: {
    readonly [title: string]: readonly [
      change: Partial<AllocationInput>,
      allocation: "ExtendedResource" | "ResourceClaim",
      message: string,
    ];
  } = {
    "is the extended resource where a node has it, whatever else there is": [
      { ...nodes, ...extended, ...claimable },
      "ExtendedResource",
      byPlugin,
    ],
    "is the extended resource of a DeviceClass": [{ ...extended, ...claimable }, "ExtendedResource", byClass],
    "is a claim where only a DeviceClass exists": [claimable, "ResourceClaim", byClaim],
    "is a claim before the driver has published devices": [{ claimClass: "gpu.nvidia.com" }, "ResourceClaim", byClaim],
    "is the extended resource where nothing offers GPUs yet": [{}, "ExtendedResource", byNone],
    "is the extended resource where the API is not served": [
      { ...claimable, claimsServed: false, before: "ResourceClaim" },
      "ExtendedResource",
      "resource.k8s.io/v1 is not served",
    ],
    "is a claim where engines are needed, whatever offers GPUs and was recorded": [
      { ...nodes, ...extended, service: sampleService({ gpu: { engines: { jpeg: 1 } } }), before: "ExtendedResource" },
      "ResourceClaim",
      "gpu.engines needs a claim",
    ],
    "is a claim where pods share a GPU by its memory": [
      { ...nodes, service: sampleService({ gpu: { share: { strategy: "Capacity", memoryPerPod: "4Gi" } } }) },
      "ResourceClaim",
      "gpu.share.strategy: Capacity needs a claim",
    ],
    "is the one that is set": [
      { ...nodes, service: sampleService({ gpu: { allocation: "ResourceClaim" } }) },
      "ResourceClaim",
      "set by gpu.allocation",
    ],
    "is the set one although another was recorded": [
      { ...claimable, service: sampleService({ gpu: { allocation: "ExtendedResource" } }), before: "ResourceClaim" },
      "ExtendedResource",
      "set by gpu.allocation",
    ],
    "stays a claim when a device plugin is installed": [
      { ...nodes, ...claimable, before: "ResourceClaim" },
      "ResourceClaim",
      kept(byPlugin, "ExtendedResource"),
    ],
    "stays a claim while the DeviceClass is absent and pods hold their devices": [
      { ...nodes, before: "ResourceClaim", heldBy: new Set(["ResourceClaim"]) },
      "ResourceClaim",
      kept(byPlugin, "ExtendedResource"),
    ],
    "stays a claim while the DeviceClass is absent and nothing else offers GPUs": [
      { before: "ResourceClaim" },
      "ResourceClaim",
      kept(byNone, "ExtendedResource"),
    ],
    "changes to the extended resource when the DeviceClass is gone and no pod holds a device": [
      { ...nodes, before: "ResourceClaim" },
      "ExtendedResource",
      byPlugin,
    ],
    "stays the extended resource when the node pool scales to zero": [
      { claimClass: "gpu.nvidia.com", before: "ExtendedResource" },
      "ExtendedResource",
      kept(byClaim, "ResourceClaim"),
    ],
    "stays the extended resource while a device plugin restarts and pods hold their GPUs": [
      { ...claimable, before: "ExtendedResource", heldBy: new Set(["ExtendedResource"]) },
      "ExtendedResource",
      kept(byClaim, "ResourceClaim"),
    ],
    "changes to a claim when only that has devices and no pod holds a GPU": [
      { ...claimable, before: "ExtendedResource" },
      "ResourceClaim",
      byClaim,
    ],
  };
  for (const [title, [change, allocation, message]] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(decideAllocation({ ...nothing, ...change }), { allocation, message }));
  }

  it("is not possible where engines are needed and the API is not served", () => {
    const service = sampleService({ gpu: { engines: { jpeg: 1 } } });
    assert.match(
      decideAllocation({ ...nothing, service, claimsServed: false }).problem ?? "",
      /^gpu\.engines requires /,
    );
  });

  it("is not possible by a claim where the API is not served, and the problem names the way out", () => {
    const service = sampleService({ gpu: { allocation: "ResourceClaim" } });
    assert.deepEqual(decideAllocation({ ...nothing, service, claimsServed: false }), {
      allocation: "ResourceClaim",
      message: "set by gpu.allocation, but resource.k8s.io/v1 is not served",
      problem:
        "gpu.allocation: ResourceClaim requires the API resource.k8s.io/v1 (Kubernetes 1.34 or newer), which this cluster does not serve; set Auto or ExtendedResource",
    });
  });
});
