/** The plain manifests, applied by one command to an empty cluster, as in docs/install.md. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { installYaml } from "@gpumedia/install/src/manifests.ts";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { ownCrds, untilEstablished } from "../../cluster/crds.ts";
import { until } from "../../cluster/until.ts";
import { kubeScore } from "../kube-score.ts";
import { startInstalledOperator } from "./installed.ts";

describe("the plain manifests", () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
    await cluster.addNodes({ count: 2, gpus: 4 });
  });
  afterEach(() => cluster.kubectl("delete", "-f", ownCrds, "--ignore-not-found"));
  after(() => cluster?.stop());

  it("install the operator, which makes a service ready", async () => {
    await cluster.kubectlWithInput(installYaml("0.1.0"), "apply", "--server-side", "-f", "-");
    await untilEstablished(cluster.kubectlWithInput, "crd/gpumediaservices.gpumedia.io");
    const deployment = ["-n", "gpumedia-system", "deployment/gpumedia-operator"];
    // The namespace enforces `restricted`, so its pods were admitted at that level.
    await cluster.kubectl("wait", "--for=condition=Available", "--timeout=60s", ...deployment);
    await using operator = await startInstalledOperator(cluster, "gpumedia-system");
    await cluster.kubectl("apply", "-f", "examples/minimal.yaml");
    await cluster.kubectl("wait", "-A", "gms", "--all", "--for=condition=Ready", "--timeout=90s");
    await cluster.kubectl("apply", "-f", "examples/profile.yaml");
    await cluster.kubectl("wait", "gmp", "--all", "--for=condition=Ready", "--timeout=60s");
    await until("the number of services of the profile", async (see) => {
      const [, row = ""] = see(await cluster.kubectl("get", "gmp")).split("\n");
      return /^\S+ +True +1 /.test(row);
    });
    assert.equal(await operator.end("SIGTERM"), "exit 0");
  });

  it("install the CRDs by plain kubectl apply, twice without a change, then accept the examples", async () => {
    await cluster.kubectl("apply", "-f", ownCrds);
    assert.match(await cluster.kubectl("apply", "-f", ownCrds), /^(customresourcedefinition\S+ unchanged\n)+$/);
    await untilEstablished(cluster.kubectlWithInput, "-f", ownCrds);
    // An established CRD appears in discovery, which kubectl reads, a moment later.
    await until("the kinds to be discovered", async (see) => {
      const kinds = see(await cluster.kubectl("api-resources", "--api-group=gpumedia.io", "-o", "name"));
      return ["gpumediaprofiles", "gpumediaservices", "gpumedialoadtests"].every((kind) => kinds.includes(kind));
    });
    await cluster.kubectl("apply", "-f", "examples");
    const applied = await cluster.kubectl("get", "gpumedia", "-o", "name");
    assert.match(applied, /gpumediaservice.gpumedia.io\/upscaler\n/);
  });

  it("have exactly the kube-score findings that docs/install.md explains", async () => {
    const page = await readFile("docs/install.md", "utf8");
    const explained = [...page.matchAll(/^\| `((?:container|deployment)-[a-z-]+)`/gm)].map(([, id = ""]) => id);
    assert.deepEqual(await kubeScore(installYaml("0.1.0", { crds: { install: false } })), explained.toSorted());
  });

  it("refer to the processor's image by the processor's own version", async () => {
    const { version } = JSON.parse(await readFile("workload/package.json", "utf8")) as { version: string };
    assert.ok(installYaml("7.7.7").includes(`--processor-image=gpumedia-processor:${version}-cuda\n`));
    assert.ok(installYaml("7.7.7").includes(`--processor-image-cpu=gpumedia-processor:${version}\n`));
  });
});
