import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { gpuRequest, type GpuAllocation } from "../effective/gpu-request.ts";
import { serviceSharing } from "./scaling-metric.ts";
import { podTemplate } from "../desired/pod-template.ts";
import { sampleContext, sampleService } from "../desired/service.sample.ts";

type Gpu = NonNullable<GpuMediaServiceSpec["gpu"]>;

interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
}

function container(gpu: Gpu, allocation: GpuAllocation): Container {
  const service = sampleService({ gpu });
  const template = podTemplate(service, { ...sampleContext, gpus: gpuRequest(service, allocation) });
  const [first] = (template as { spec: { containers: [Container] } }).spec.containers;
  return first;
}

describe("a GPU that pods share", () => {
  const mps: Gpu = { share: { strategy: "MPS", memoryPerPod: "4Gi", threadPercentage: 25 } };
  const limits = (gpu: Gpu) =>
    container(gpu, "ExtendedResource").env.filter(({ name }) => name.startsWith("CUDA_MPS_"));

  it("is requested as the device plugin's shared resource, also of a MIG device", () => {
    const names = (gpu: Gpu) => Object.keys(container(gpu, "ExtendedResource").resources.limits);
    assert.deepEqual(names(mps), ["cpu", "memory", "nvidia.com/gpu.shared"]);
    const slice = { resourceName: "nvidia.com/mig-1g.10gb", share: { strategy: "TimeSlicing" } } as const;
    assert.deepEqual(names(slice), ["cpu", "memory", "nvidia.com/mig-1g.10gb.shared"]);
    assert.deepEqual(names({ ...slice, resourceName: "nvidia.com/gpu.shared" }), [
      "cpu",
      "memory",
      "nvidia.com/gpu.shared",
    ]);
  });

  it("has the limits of MPS in the environment where no driver sets them", () => {
    assert.deepEqual(limits(mps), [
      { name: "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", value: "0=4096M" },
      { name: "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", value: "25" },
    ]);
    assert.deepEqual(limits({ share: { strategy: "TimeSlicing" } }), []);
    const claimed = container({ ...mps, allocation: "ResourceClaim" }, "ResourceClaim");
    assert.ok(!claimed.env.some(({ name }) => name.startsWith("CUDA_MPS_")));
  });

  it("is scaled by the pods' own work, before any pod has reported", () => {
    const sharing = (share: Gpu["share"]) =>
      serviceSharing(
        sampleService({ gpu: { allocation: "ResourceClaim", ...(share && { share }) } }),
        undefined,
        undefined,
      );
    assert.deepEqual(
      [
        sharing({ strategy: "TimeSlicing" }),
        sharing({ strategy: "MPS" }),
        sharing({ strategy: "Capacity", memoryPerPod: "4Gi" }),
        sharing(undefined),
      ],
      ["TimeSlicing", "MPS", "Shared", undefined],
    );
  });
});
