import assert from "node:assert/strict";
import { withGpus, withShared } from "./gpu-runtime.ts";

describe("what the stand-in for the container toolkit adds to a container", () => {
  const without = { process: { env: ["A=1"] }, mounts: [] };

  it("is nothing without a GPU", () => {
    for (const devices of ["", "none", "void"]) {
      const spec = { ...without, process: { env: [`NVIDIA_VISIBLE_DEVICES=${devices}`] } };
      assert.deepEqual(withGpus(spec, "/d"), spec);
    }
    assert.deepEqual(withGpus(without, "/d"), without);
  });

  it("is the driver's library and the mock's state, and the model runs on the CPU", () => {
    const bind = { type: "bind", options: ["bind", "ro", "nosuid", "nodev"] };
    const given = { process: { env: ["NVIDIA_VISIBLE_DEVICES=GPU-0"] }, mounts: [] as readonly object[] };
    const { process, mounts } = withGpus(given, "/d");
    assert.deepEqual(process.env.slice(1), ["GPUMEDIA_NVML_MOCK=/run/nvml/state", "GPUMEDIA_ACCELERATOR=cpu"]);
    assert.equal(mounts.length, 2);
    assert.deepEqual(mounts[1], { ...bind, source: "/d/nvml", destination: "/run/nvml" });
  });

  it("is the same for the devices of a resource claim, whose indices become visible", () => {
    const env = ["GPU_DEVICE_1_RESOURCE_CLAIM=uid", "GPU_DEVICE_1=gpu-1", "GPU_DEVICE_3=gpu-3"];
    const { process, mounts } = withGpus({ process: { env }, mounts: [] as readonly object[] }, "/d");
    assert.deepEqual(process.env.slice(env.length), [
      "NVIDIA_VISIBLE_DEVICES=1,3",
      "GPUMEDIA_NVML_MOCK=/run/nvml/state",
      "GPUMEDIA_ACCELERATOR=cpu",
    ]);
    assert.equal(mounts.length, 2);
  });

  it("is each shared folder, at its path and read-only", () => {
    assert.deepEqual(withShared(without, ["/f"]).mounts, [
      { type: "bind", source: "/f", destination: "/f", options: ["bind", "ro", "nosuid", "nodev"] },
    ]);
  });
});
