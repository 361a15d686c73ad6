import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import { sampleClaim, sampleDevice, sampleDra, sampleSlice } from "../observe/devices.sample.ts";
import { samplePod } from "../observe/pod-view.sample.ts";
import { sampleGpus } from "../plan/gpus.sample.ts";
import type { GpuView } from "../plan/gpus.ts";
import { gpuStatus } from "./gpu-status.ts";
import { sampleStatusInput } from "./status-input.sample.ts";

const byClaim = { allocation: "ResourceClaim", message: "set by gpu.allocation" } as const;
const claimTemplate = "upscaler-gpu-0123456789";

const attributes = {
  productName: { string: "NVIDIA H100 80GB HBM3" },
  profile: { string: "1g.10gb" },
  uuid: { string: "MIG-1" },
};

/** The pods a and b have a device each, as has one of another service. */
function gpus(devices: readonly string[]): GpuView {
  const slice = sampleSlice(
    "node-1",
    devices.map((name) => sampleDevice(name, { attributes })),
  );
  const claims = [
    sampleClaim("b", ["node-1/gpu-1"]),
    sampleClaim("a", ["node-1/gpu-0"]),
    sampleClaim("another", ["node-1/gpu-2"]),
  ];
  return sampleGpus([], { dra: sampleDra({ slices: [slice], claims }) });
}

const pods = ["b", "a"].map((name) => samplePod({ name, namespace: "media", node: "node-1" }));

describe("status.gpu", () => {
  it("has the allocation, its reason and template, and the devices of the service's pods by pod", () => {
    const input = sampleStatusInput({
      allocation: byClaim,
      claimTemplate,
      pods,
      gpus: gpus(["gpu-0", "gpu-1", "gpu-2"]),
    });
    const known = { productName: "NVIDIA H100 80GB HBM3", profile: "1g.10gb", uuid: "MIG-1" };
    assert.deepEqual(gpuStatus(input, undefined), {
      ...byClaim,
      claimTemplate,
      devices: [
        { pod: "a", node: "node-1", device: "gpu-0", ...known },
        { pod: "b", node: "node-1", device: "gpu-1", ...known },
      ],
    });
  });

  it("names a device that its driver no longer publishes", () => {
    const input = sampleStatusInput({ allocation: byClaim, pods, gpus: gpus([]) });
    assert.deepEqual(
      gpuStatus(input, undefined)?.devices?.map(({ uuid, ...device }) => [uuid, device]),
      ["a", "b"].map((pod, index) => [undefined, { pod, node: "node-1", device: `gpu-${index}` }]),
    );
  });

  it("has the product of a driver that calls it model, in a domain", () => {
    const driver = "gpu.example.com";
    const device = sampleDevice("gpu-0", { attributes: { [`${driver}/model`]: { string: "X".repeat(70) } } });
    const claim = sampleClaim("a", [{ driver, pool: "node-1", device: "gpu-0", isShare: false, consumed: {} }]);
    const dra = sampleDra({ slices: [sampleSlice("node-1", [device], { driver })], claims: [claim] });
    const input = sampleStatusInput({ allocation: byClaim, pods, gpus: sampleGpus([], { dra }) });
    const productName = "X".repeat(64);
    assert.deepEqual(gpuStatus(input, undefined)?.devices, [
      { pod: "a", node: "node-1", device: "gpu-0", productName },
    ]);
  });

  it("has at most 32 devices", () => {
    const many = Array.from({ length: 40 }, (_, index) => samplePod({ name: `p-${index}`, namespace: "media" }));
    const claims = many.map(({ name }) => sampleClaim(name, [`node-1/${name}`]));
    const all = sampleGpus([], { dra: sampleDra({ slices: [sampleSlice("node-1", [])], claims }) });
    const input = sampleStatusInput({ allocation: byClaim, pods: many, gpus: all });
    assert.equal(gpuStatus(input, undefined)?.devices?.length, 32);
  });

  it("keeps the decision while the service is suspended", () => {
    const service = sampleService({ suspend: true });
    const before = { ...byClaim, claimTemplate };
    assert.deepEqual(gpuStatus(sampleStatusInput({ service, allocation: undefined }), before), before);
    assert.equal(gpuStatus(sampleStatusInput({ service, allocation: undefined }), undefined), undefined);
  });

  it("is absent without GPUs", () => {
    const service = sampleService({ gpu: { count: 0 } });
    assert.equal(gpuStatus(sampleStatusInput({ service, allocation: undefined }), byClaim), undefined);
  });
});
