/** What docs/gitops.md documents for tools that use server-side apply. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

const earlier = { autoscaling: { horizontal: { maxReplicas: 5 } } };

describe("a service under server-side apply", () => {
  const work = operatorWorkspace();

  /** By default as `kubectl apply --server-side`. */
  async function apply(name: string, rest: object, flags = ["--server-side"]): Promise<string> {
    const manifest = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata: { name }, ...rest };
    const file = join(work.cluster.directory, `${work.namespace}.${name}.json`);
    await writeFile(file, JSON.stringify(manifest));
    return work.cluster.kubectl("apply", ...flags, "--namespace", work.namespace, "-f", file);
  }

  const cases: {
    readonly title: string;
    /** Applied over a spec that sets more. */
    readonly rest: object;
    readonly expected: object | undefined;
  }[] = [
    { title: "that names its profile", rest: { spec: { profile: "production" } }, expected: { profile: "production" } },
    { title: "without a spec", rest: {}, expected: undefined },
  ];
  for (const [index, { title, rest, expected }] of cases.entries()) {
    it(`${title} resets what was set before, and serves`, async () => {
      const name = `case-${index}`;
      await apply(name, { spec: earlier });
      await work.untilReady(name);
      await apply(name, rest);
      assert.deepEqual((await work.service(name))?.spec, expected);
      await work.untilReady(name);
      assert.equal((await work.child("horizontalPodAutoscaler", name)).spec.maxReplicas, 10);
    });
  }

  const empty = [
    { title: "spec", spec: {}, error: /spec in body must be of type object: "null"/ },
    {
      title: "object in the spec",
      spec: { profile: "production", autoscaling: { horizontal: {} } },
      error: /spec.autoscaling.horizontal in body must be of type object: "null"/,
    },
  ];
  for (const [index, { title, spec, error }] of empty.entries()) {
    it(`with an empty ${title} over one with fields is rejected, and nothing changes`, async () => {
      const name = `emptied-${index}`;
      await apply(name, { spec: earlier });
      await assert.rejects(apply(name, { spec }), error);
      assert.deepEqual((await work.service(name))?.spec, earlier);
    });
  }

  it("differs from client-side apply, which accepts an empty spec", async () => {
    await apply("client", { spec: earlier }, []);
    await apply("client", { spec: {} }, []);
    assert.deepEqual((await work.service("client"))?.spec, {});
  });

  it("keeps the fields of other field managers", async () => {
    await apply("shared", { spec: earlier });
    await work.patch(serviceType, "shared", [{ op: "add", path: "/spec/suspend", value: true }]);
    await apply("shared", { spec: { profile: "production" } });
    assert.deepEqual((await work.service("shared"))?.spec, { profile: "production", suspend: true });
  });
});
