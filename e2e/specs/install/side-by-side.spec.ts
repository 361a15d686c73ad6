/** Two installations, each for a namespace of its own, as docs/install.md has it: neither notices the other, nor its end. */
import assert from "node:assert/strict";
import { writeVerbs } from "../../cluster/audit.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { healthySpec } from "../../cluster/troubles.ts";
import { operatorCluster } from "../operator/operator-cluster.ts";
import type { OperatorProcess } from "../operator/operator-process.ts";
import { Workspace } from "../operator/workspace.ts";
import { chart, Helm, helmTools, helmVersions } from "./helm.ts";
import { startInstalledOperator } from "./installed.ts";

await helmTools();

interface Team extends AsyncDisposable {
  readonly work: Workspace;
  readonly helm: Helm;
  readonly release: string;
  readonly operator: OperatorProcess;
  /** Whom the API server takes its operator for. */
  readonly user: string;
}

describe("two installations for disjoint namespaces", function () {
  this.timeout(180_000);
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

  it("serve their own, touch nothing else, and one goes without the other", async () => {
    await using outside = await Workspace.open(cluster);
    await outside.apply("nobody-s", healthySpec);
    await using one = await team("team-a", helmVersions["Helm 4"]);
    await using other = await team("team-b", helmVersions["Helm 3"]);
    for (const { work } of [one, other]) {
      await work.apply("upscaler", healthySpec);
      await work.untilReady("upscaler");
    }
    for (const { work, user } of [one, other]) {
      const asked = cluster.audit.requests({ user });
      const refused = asked.filter(({ responseStatus }) => responseStatus?.code === 403);
      assert.deepEqual(
        refused.map(({ requestURI }) => requestURI),
        [],
      );
      const written = asked.filter(({ verb }) => (writeVerbs as readonly string[]).includes(verb));
      const touched = new Set(written.map(({ objectRef }) => objectRef?.namespace));
      assert.deepEqual(touched, new Set([work.namespace, work.operatorNamespace]));
    }
    assert.deepEqual((await outside.service("nobody-s"))?.status, { observedGeneration: -1 });
    assert.deepEqual(await outside.children("nobody-s"), []);

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
