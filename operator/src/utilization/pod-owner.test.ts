import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/object.ts";
import { PodOwners } from "./pod-owner.ts";

function replicaSet(uid: string, ownerReferences: KubeObject["metadata"]["ownerReferences"]): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: "upscaler-abc",
      namespace: "media",
      uid,
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  };
}

const deployment = { apiVersion: "apps/v1", kind: "Deployment", name: "upscaler", uid: "d-1", controller: true };

describe("owner of a pod", () => {
  const cases: readonly { title: string; found: KubeObject; is: string | null }[] = [
    { title: "the Deployment that controls its ReplicaSet", found: replicaSet("rs-1", [deployment]), is: "d-1" },
    { title: "nobody, if another ReplicaSet has the name now", found: replicaSet("rs-2", [deployment]), is: null },
    {
      title: "nobody, if the Deployment is an owner but not the controller",
      found: replicaSet("rs-1", [{ ...deployment, controller: false }]),
      is: null,
    },
    {
      title: "nobody, if the controller is of another group",
      found: replicaSet("rs-1", [{ ...deployment, apiVersion: "evil.io/v1" }]),
      is: null,
    },
    { title: "nobody, if the ReplicaSet is a user's own", found: replicaSet("rs-1", undefined), is: null },
  ];
  for (const { title, found, is } of cases) {
    it(`is ${title}`, async () => {
      const owners = new PodOwners({ get: async () => found });
      assert.equal(await owners.deploymentOf("media", { name: "upscaler-abc", uid: "rs-1" }), is);
    });
  }

  it("is read once for a ReplicaSet, and again after a failure", async () => {
    const answers: (KubeObject | ApiError)[] = [
      new ApiError({ status: 503, reason: "ServiceUnavailable", message: "", method: "GET", path: "/" }),
      replicaSet("rs-1", [deployment]),
    ];
    const owners = new PodOwners({
      get: async () => {
        const answer = answers.shift();
        if (answer instanceof ApiError || answer === undefined) throw answer ?? new Error("asked once too often");
        return answer;
      },
    });
    const ask = (): Promise<string | null> => owners.deploymentOf("media", { name: "upscaler-abc", uid: "rs-1" });
    await assert.rejects(ask, ApiError);
    assert.deepEqual([await ask(), await ask(), await ask()], ["d-1", "d-1", "d-1"]);
  });
});
