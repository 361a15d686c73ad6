/** Applies to a real node what `make kind` applies to its cluster, because kind itself needs Docker. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { inRealCluster } from "./real-cluster.ts";

const example = fileURLToPath(new URL("../../kind/example.yaml", import.meta.url));

describe("the example of make kind", function () {
  this.timeout(300_000);
  const at = inRealCluster();

  it("becomes ready, and passes its load test", async () => {
    const { namespace } = at.work;
    const { kubectl, kubectlWithInput } = at.real.cluster;
    const moved = (await readFile(example, "utf8")).replaceAll("namespace: media", `namespace: ${namespace}`);
    await kubectlWithInput(moved, "apply", "-f", "-");
    await kubectl("wait", "-n", namespace, "--for=condition=Ready", "gms/upscaler", "--timeout=120s");
    await kubectl("wait", "-n", namespace, "--for=condition=Complete", "gmlt/pictures", "--timeout=120s");
  });
});
