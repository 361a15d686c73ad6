/** A real API server accepts what the example program declares; the Pulumi engine is not available here. */
import assert from "node:assert/strict";
import { recordedOf } from "@gpumedia/pulumi/src/recorded.sample.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { operatorCluster } from "../operator/operator-cluster.ts";

describe("the Pulumi example", () => {
  let cluster: Cluster;

  before(async () => (cluster = await operatorCluster()));

  it("declares objects that the API server accepts", async () => {
    const declared = await recordedOf(() => import("../../../charts/pulumi/example/index.ts"));
    const objects = declared.map(({ inputs }) => inputs).filter(({ kind }) => kind !== undefined);
    const namespaces = objects.filter(({ kind }) => kind === "Namespace");
    assert.equal(namespaces.length, 2);
    // A dry run would create no namespace for the other objects.
    await cluster.kubectlWithInput(namespaces, "apply", "--server-side", "-f", "-");
    const others = objects.filter((object) => !namespaces.includes(object));
    // Another field manager has applied the CRDs to the shared cluster.
    const flags = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-"];
    const output = await cluster.kubectlWithInput(others, ...flags);
    assert.equal(output.trim().split("\n").length, others.length);
    assert.match(output, /gpumediaservice.*upscaler/);
  });
});
