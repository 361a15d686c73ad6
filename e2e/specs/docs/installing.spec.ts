/** The pages that install and remove the operator, with the real Helm. The pods are kwok's and run nothing. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installYaml } from "@gpumedia/install/src/manifests.ts";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { testPodSucceeds } from "../install/test-pod.ts";
import { openStage, succeeds } from "./stage.ts";
import type { Shell } from "./shell.ts";
import { pagesBySpec } from "../../docs/excuses.ts";
import { runPage, type Scenes, type Stage } from "./run-page.ts";

const scenes: Scenes<Stage> = {
  "docs/install.md#plain-manifests": async ({ shell }) => {
    await withoutOperator(shell);
    // The file that `make generate` writes.
    await mkdir(join(shell.directory, "dist"));
    await writeFile(join(shell.directory, "dist/install.yaml"), installYaml("0.1.0"));
  },
  "docs/install.md#single-namespaces-several-operators": async ({ shell }) => {
    await succeeds(
      shell,
      "kubectl delete -f dist/install.yaml",
      "helm install gpumedia-operator charts/gpumedia-operator -n gpumedia-system --create-namespace",
      "kubectl create namespace team-a",
    );
  },
};

const crds = ["gpumediaservices", "gpumediaprofiles", "gpumedialoadtests"].map((name) => `${name}.gpumedia.io`);
const releases = ["gpumedia-operator -n gpumedia-system", "team-a -n team-a-operator"];

/** Removes what the previous page installed. */
async function withoutOperator(shell: Shell): Promise<void> {
  await succeeds(
    shell,
    ...releases.map((release) => `helm uninstall --ignore-not-found --wait ${release}`),
    `kubectl delete crd --ignore-not-found ${crds.join(" ")}`,
  );
}

describe("the pages about installing", () => {
  let cluster: Cluster;

  before(async () => {
    cluster = await startCluster();
    await cluster.addNodes({ count: 8, gpus: 16 });
  });
  after(() => cluster?.stop());

  for (const page of pagesBySpec.installing) {
    it(`the commands of ${page} work`, async () => {
      await using stage = await openStage({ KUBECONFIG: cluster.kubeconfig });
      const meanwhile = (command: string): Promise<void> | undefined => {
        const [, release, namespace] = /^helm test (\S+) -n (\S+)/.exec(command) ?? [];
        if (release === undefined || namespace === undefined) return undefined;
        return testPodSucceeds(cluster, release, namespace);
      };
      await withoutOperator(stage.shell);
      await runPage(page, { ...stage, meanwhile }, scenes);
    });
  }
});
