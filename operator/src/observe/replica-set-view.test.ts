import assert from "node:assert/strict";
import type { KubeObject } from "../kube/object.ts";
import { viewReplicaSet } from "./replica-set-view.ts";

function replicaSet(ownerReferences: KubeObject["metadata"]["ownerReferences"]): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "ReplicaSet",
    metadata: {
      name: "upscaler-abc",
      namespace: "media",
      uid: "rs-1",
      resourceVersion: "1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
    },
  };
}

const deployment = { apiVersion: "apps/v1", kind: "Deployment", name: "upscaler", uid: "d-1", controller: true };

describe("the Deployment of a ReplicaSet", () => {
  const cases: { readonly [title: string]: { owners: (typeof deployment)[] | undefined; is: string | undefined } } = {
    "is the one that controls it": { owners: [deployment], is: "d-1" },
    "is undefined for an owner that is not the controller": {
      owners: [{ ...deployment, controller: false }],
      is: undefined,
    },
    "is undefined for a controller of another group": {
      owners: [{ ...deployment, apiVersion: "evil.io/v1" }],
      is: undefined,
    },
    "is undefined for a ReplicaSet that a user has created": { owners: undefined, is: undefined },
  };
  for (const [title, { owners, is }] of Object.entries(cases)) {
    it(title, () => {
      const view = { uid: "rs-1", deployment: is, claimTemplate: undefined };
      assert.deepEqual(viewReplicaSet(replicaSet(owners)), view);
    });
  }
});

it("a ReplicaSet whose pods have claims names their template by its labels, which come from the pod template", () => {
  const { metadata, ...rest } = replicaSet([deployment]);
  const labels = { "gpumedia.io/service": "upscaler", "gpumedia.io/gpu-claim": "0123456789" };
  const { claimTemplate } = viewReplicaSet({ ...rest, metadata: { ...metadata, labels } });
  assert.deepEqual(claimTemplate, { service: "media/upscaler", hash: "0123456789" });
});
