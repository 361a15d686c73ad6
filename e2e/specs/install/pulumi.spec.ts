/** What the example program declares, judged by a real API server: Pulumi's engine is not there to be had. */
import assert from "node:assert/strict";
import { recordedOf } from "@gpumedia/pulumi/src/recorded.sample.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { sharedCluster } from "../../cluster/shared.ts";

describe("the example of Pulumi", function () {
  this.timeout(120_000);
  let cluster: Cluster;

  before(async () => (cluster = await sharedCluster()));

  it("declares objects that the API server accepts", async () => {
    const declared = await recordedOf(() => import("../../../charts/pulumi/example/index.ts"));
    const objects = declared.map(({ inputs }) => inputs).filter(({ kind }) => kind !== undefined);
    const namespaces = objects.filter(({ kind }) => kind === "Namespace");
    assert.equal(namespaces.length, 2);
    // A dry run leaves no namespace for what comes after.
    await cluster.kubectlWithInput(namespaces, "apply", "--server-side", "-f", "-");
    const others = objects.filter((object) => !namespaces.includes(object));
    // Those of the cluster came from the same source, by another manager.
    const flags = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    const said = await cluster.kubectlWithInput(others, ...flags);
    assert.equal(said.trim().split("\n").length, others.length);
    assert.match(said, /gpumediaservice.*upscaler/);
  });
});
