/** The plain manifests in one go on an empty cluster, as docs/install.md has it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { installYaml } from "@gpumedia/install/src/manifests.ts";
import { startCluster } from "../../cluster/cluster.ts";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { startInstalledOperator } from "./installed.ts";

await controlPlaneTools();

describe("the plain manifests", function () {
  this.timeout(120_000);

  it("install the operator, which makes a service ready", async () => {
    await using cluster = await startCluster();
    await cluster.addNodes({ count: 2, gpus: 4 });
    await cluster.kubectlWithInput(installYaml("0.1.0"), "apply", "--server-side", "-f", "-");
    await cluster.kubectl("wait", "--for=condition=Established", "crd/gpumediaservices.gpumedia.io");
    const deployment = ["-n", "gpumedia-system", "deployment/gpumedia-operator"];
    // Its pods were admitted to a namespace that enforces `restricted`.
    await cluster.kubectl("wait", "--for=condition=Available", "--timeout=60s", ...deployment);
    await using operator = await startInstalledOperator(cluster, "gpumedia-system");
    await cluster.kubectl("apply", "-f", "examples/minimal.yaml");
    await cluster.kubectl("wait", "-A", "gms", "--all", "--for=condition=Ready", "--timeout=90s");
    assert.equal(await operator.end("SIGTERM"), "exit 0");
  });

  it("name the processor by its own version", async () => {
    const { version } = JSON.parse(await readFile("workload/package.json", "utf8")) as { version: string };
    assert.ok(installYaml("7.7.7").includes(`--processor-image=gpumedia-processor:${version}\n`));
  });
});
