/** The cache of compiled kernels lies on a volume that pods may write to: their root file system is read-only. */
import assert from "node:assert/strict";
import { quantityValue } from "@gpumedia/api";
import { sampleService } from "../../operator/src/desired/service.sample.ts";
import { volumeMounts, volumes } from "../../operator/src/desired/volumes.ts";
import { images } from "./images.ts";

describe("CUDA's cache of compiled kernels", () => {
  const environment = images.find(({ name }) => name === "processor-cuda")?.environment ?? {};
  const service = sampleService();

  it("is on the volume of the pods for temporary files, and leaves half of it to uploads", () => {
    const mounts = volumeMounts(service) as readonly { name: string; mountPath: string; readOnly?: boolean }[];
    const mount = mounts.find(({ mountPath }) => environment["CUDA_CACHE_PATH"]?.startsWith(`${mountPath}/`));
    assert.deepEqual(mount, { name: "tmp", mountPath: "/tmp" });
    const all = volumes(service) as readonly { name: string; emptyDir?: { sizeLimit: string } }[];
    const { sizeLimit = "0" } = all.find(({ name }) => name === mount?.name)?.emptyDir ?? {};
    assert.equal(Number(environment["CUDA_CACHE_MAXSIZE"]), quantityValue(sizeLimit) / 2);
  });
});
