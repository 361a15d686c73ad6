/** What docs/gitops.md tells those whose tool applies services on the server's side. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

const earlier = { autoscaling: { horizontal: { maxReplicas: 5 } } };

describe("a service under server-side apply", function () {
  this.timeout(120_000);
  let work: Workspace;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator();
  });
  after(() => work?.[Symbol.asyncDispose]());

  /** As `kubectl apply --server-side` and the tools that are like it. */
  async function apply(name: string, rest: object, how = ["--server-side"]): Promise<string> {
    const manifest = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata: { name }, ...rest };
    const file = join(work.cluster.directory, `${work.namespace}.${name}.json`);
    await writeFile(file, JSON.stringify(manifest));
    return work.cluster.kubectl("apply", ...how, "--namespace", work.namespace, "-f", file);
  }

  const cases: {
    readonly title: string;
    /** What is applied over a spec that said more. */
    readonly rest: object;
    /** The spec then. */
    readonly spec: object | undefined;
  }[] = [
    { title: "that names its profile", rest: { spec: { profile: "production" } }, spec: { profile: "production" } },
    { title: "without a spec", rest: {}, spec: undefined },
  ];
  for (const [index, { title, rest, spec }] of cases.entries()) {
    it(`${title} gives back what was set before, and serves`, async () => {
      const name = `case-${index}`;
      await apply(name, { spec: earlier });
      await work.untilReady(name);
      await apply(name, rest);
      assert.deepEqual((await work.service(name))?.spec, spec);
      await work.untilReady(name);
      const scaler = (await work.child("horizontalPodAutoscaler", name)) as Scaler;
      assert.equal(scaler.spec.maxReplicas, 10);
    });
  }

  const empty = [
    { title: "spec", spec: {}, says: /spec in body must be of type object: "null"/ },
    {
      title: "object in the spec",
      spec: { profile: "production", autoscaling: { horizontal: {} } },
      says: /spec.autoscaling.horizontal in body must be of type object: "null"/,
    },
  ];
  for (const [index, { title, spec, says }] of empty.entries()) {
    it(`with an empty ${title} over one that was not is refused, and nothing changes`, async () => {
      const name = `emptied-${index}`;
      await apply(name, { spec: earlier });
      await assert.rejects(apply(name, { spec }), says);
      assert.deepEqual((await work.service(name))?.spec, earlier);
    });
  }

  it("is told apart from one on the client's side, which an empty spec does not trouble", async () => {
    await apply("client", { spec: earlier }, []);
    await apply("client", { spec: {} }, []);
    assert.deepEqual((await work.service("client"))?.spec, {});
  });

  it("keeps what others have set", async () => {
    await apply("shared", { spec: earlier });
    await work.patch(serviceType, "shared", [{ op: "add", path: "/spec/suspend", value: true }]);
    await apply("shared", { spec: { profile: "production" } });
    assert.deepEqual((await work.service("shared"))?.spec, { profile: "production", suspend: true });
  });
});

type Scaler = KubeObject & { readonly spec: { readonly maxReplicas: number } };
