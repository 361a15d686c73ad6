/** Two installations for one namespace each, as in docs/install.md: neither affects the other, even when it is uninstalled. */
import assert from "node:assert/strict";
import type { Cluster } from "../../cluster/cluster.ts";
import { healthySpec } from "../../cluster/troubles.ts";
import { operatorCluster } from "../operator/operator-cluster.ts";
import type { OperatorProcess } from "../operator/operator-process.ts";
import { Workspace } from "../operator/workspace.ts";
import { chart, Helm, helmTools, helmVersions } from "./helm.ts";
import { startInstalledOperator } from "./installed.ts";
import { forbidden, writtenNamespaces } from "./rights.ts";

await helmTools();

interface Team extends AsyncDisposable {
  readonly work: Workspace;
  readonly helm: Helm;
  readonly release: string;
  readonly operator: OperatorProcess;
  /** Its operator's user name on the API server. */
  readonly user: string;
}

describe("two installations for disjoint namespaces", function () {
  this.timeout(360_000);
  let cluster: Cluster;

  before(async () => (cluster = await operatorCluster()));

  async function team(release: string, program: (typeof helmVersions)[keyof typeof helmVersions]): Promise<Team> {
    const work = await Workspace.open(cluster);
    const helm = await Helm.start(program, cluster.kubeconfig);
    const { namespace, operatorNamespace } = work;
    const values = await helm.values({ namespaces: [namespace], crds: { install: false } });
    const flags = ["-n", operatorNamespace, "--create-namespace", "--wait", "--timeout", "120s", ...values];
    await helm.run("install", release, chart, ...flags);
    const name = `${release}-gpumedia-operator`;
    const operator = await startInstalledOperator(cluster, operatorNamespace, { name });
    return {
      work,
      helm,
      release,
      operator,
      user: `system:serviceaccount:${operatorNamespace}:${name}`,
      async [Symbol.asyncDispose]() {
        await operator[Symbol.asyncDispose]();
        await helm[Symbol.asyncDispose]();
        await work[Symbol.asyncDispose]();
      },
    };
  }

  it("serve their own namespaces, write to no other, and can be uninstalled separately", async () => {
    await using outside = await Workspace.open(cluster);
    await outside.apply("unwatched", healthySpec);
    await using one = await team("team-a", helmVersions["Helm 4"]);
    await using other = await team("team-b", helmVersions["Helm 3"]);
    for (const { work } of [one, other]) {
      await work.apply("upscaler", healthySpec);
      await work.untilReady("upscaler");
    }
    for (const { work, user } of [one, other]) {
      const requests = cluster.audit.requests({ user });
      assert.deepEqual(forbidden(requests), []);
      assert.deepEqual(writtenNamespaces(requests), new Set([work.namespace, work.operatorNamespace]));
    }
    assert.deepEqual((await outside.service("unwatched"))?.status, { observedGeneration: -1 });
    assert.deepEqual(await outside.children("unwatched"), []);

    const served = await one.work.children("upscaler");
    await one.operator.end("SIGTERM");
    await one.helm.run("uninstall", one.release, "-n", one.work.operatorNamespace, "--wait");
    const left = await one.work.children("upscaler");
    assert.deepEqual(
      left.map(({ metadata }) => metadata.uid),
      served.map(({ metadata }) => metadata.uid),
    );
    await other.work.apply("second", healthySpec);
    await other.work.untilReady("second");
  });
});
