import assert from "node:assert/strict";
import { nodeManifest, nodeNaming } from "./nodes.ts";

describe("the names of nodes", () => {
  it("are counted by prefix and never used twice", () => {
    const name = nodeNaming();
    assert.deepEqual([name("a", 2), name("b", 1), name("a", 1)], [["a-0", "a-1"], ["b-0"], ["a-2"]]);
  });
});

describe("a fake node", () => {
  it("has GPUs and the labels for them", () => {
    const { metadata, status } = nodeManifest("gpu-0", {
      gpus: 8,
      gpuResource: "example.com/gpu",
      labels: { zone: "a" },
    });
    const quantities = { cpu: "32", memory: "256Gi", "ephemeral-storage": "1Ti", pods: "110", "example.com/gpu": "8" };
    assert.deepEqual(metadata, {
      name: "gpu-0",
      annotations: { "kwok.x-k8s.io/node": "fake" },
      labels: {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": "gpu-0",
        "kubernetes.io/os": "linux",
        "nvidia.com/gpu.present": "true",
        "nvidia.com/gpu.count": "8",
        zone: "a",
      },
    });
    const { capacity, allocatable } = status as Record<string, unknown>;
    assert.deepEqual([capacity, allocatable], [quantities, quantities]);
  });

  it("has no trace of GPUs when it has none, and takes other resources", () => {
    const node = nodeManifest("cpu-0", { gpus: 0, resources: { cpu: "2" } });
    assert.doesNotMatch(JSON.stringify(node), /gpu\b/);
    assert.equal((node.status as { capacity: { cpu: string } }).capacity.cpu, "2");
  });
});
