import assert from "node:assert/strict";
import { childKinds } from "./child-kinds.ts";
import type { KubeObject } from "../kube/object.ts";
import { isRolling, viewChild, type ChildView } from "./child-view.ts";

const owner = {
  apiVersion: "gpumedia.io/v1alpha1",
  kind: "GpuMediaService",
  name: "upscaler",
  uid: "o",
  controller: true,
};
const label = { "gpumedia.io/service": "upscaler" };

function object(metadata: object, more: object = {}): KubeObject {
  const identity = { name: "upscaler", namespace: "media", uid: "u", resourceVersion: "7", creationTimestamp: "" };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { ...identity, ...metadata }, ...more };
}

describe("the view of a child", () => {
  it("has the owner, revision, replicas and status of a Deployment, and no template", () => {
    const deployment = object(
      {
        generation: 3,
        labels: label,
        ownerReferences: [owner],
        annotations: { "deployment.kubernetes.io/revision": "2" },
      },
      { spec: { replicas: 4, template: { spec: {} } }, status: { readyReplicas: 4 } },
    );
    assert.deepEqual(viewChild(childKinds.deployment)(deployment), {
      kind: "Deployment",
      metadata: { name: "upscaler", namespace: "media", uid: "u", resourceVersion: "7", ownerReferences: [owner] },
      owned: { by: "none" },
      generation: 3,
      services: ["media/upscaler"],
      revision: 2,
      spec: { replicas: 4 },
      status: { readyReplicas: 4 },
    });
  });

  it("has the parents and the status of an HTTPRoute", () => {
    const parentRefs = [{ group: "gateway.networking.k8s.io", kind: "Gateway", name: "public" }];
    const status = { parents: [{ parentRef: parentRefs[0], conditions: [{ type: "Accepted", status: "True" }] }] };
    const view = viewChild(childKinds.httpRoute)(object({}, { spec: { parentRefs, hostnames: ["a"] }, status }));
    assert.deepEqual([view.spec, view.status], [{ parentRefs }, status]);
  });

  it("has the allocated ports and the addresses of a Service", () => {
    const ports = [{ name: "live", port: 8080, protocol: "UDP", nodePort: 31_000 }, { port: 80 }];
    const status = { loadBalancer: { ingress: [{ ip: "203.0.113.7" }] } };
    const view = viewChild(childKinds.service)(object({}, { spec: { ports, clusterIP: "10.0.0.1" }, status }));
    assert.deepEqual([view.spec, view.status], [{ ports: [{ nodePort: 31_000 }, {}] }, status]);
  });

  it("has no spec and no status of a ConfigMap", () => {
    const { spec, status, revision, generation } = viewChild(childKinds.configMap)(object({}, { data: { a: "b" } }));
    assert.deepEqual({ spec, status, revision, generation }, { spec: {}, status: {}, revision: 0, generation: 0 });
  });

  const cases: { readonly [title: string]: { readonly metadata: object; readonly services: readonly string[] } } = {
    "owner and label": { metadata: { labels: label, ownerReferences: [owner] }, services: ["media/upscaler"] },
    "label, when the owner reference was removed": { metadata: { labels: label }, services: ["media/upscaler"] },
    "owner, when the label was removed": { metadata: { ownerReferences: [owner] }, services: ["media/upscaler"] },
    "owner and label, when the label names another service": {
      metadata: { labels: { "gpumedia.io/service": "other" }, ownerReferences: [owner] },
      services: ["media/upscaler", "media/other"],
    },
    "an owner that is not its controller, as of a Deployment": {
      metadata: { ownerReferences: [{ ...owner, controller: false }] },
      services: ["media/upscaler"],
    },
    "no owner of another kind": { metadata: { ownerReferences: [{ ...owner, kind: "Deployment" }] }, services: [] },
  };
  for (const [title, { metadata, services }] of Object.entries(cases)) {
    it(`concerns services by ${title}`, () => {
      assert.deepEqual(viewChild(childKinds.deployment)(object(metadata)).services, services);
    });
  }
});

describe("whether a Deployment is replacing pods", () => {
  const cases: {
    readonly [title: string]: {
      readonly view: Pick<ChildView, "revision" | "generation" | "status">;
      readonly rolling: boolean;
    };
  } = {
    "not while it has its first pods": { view: { revision: 1, generation: 1, status: {} }, rolling: false },
    "from its first change, before its controller has observed it": {
      // Its revision was still 1: a bad edit of a profile reached a second service where the controller was slow.
      view: { revision: 1, generation: 2, status: { observedGeneration: 1 } },
      rolling: true,
    },
    "during a rollout": {
      view: { revision: 2, generation: 2, status: progressing("ReplicaSetUpdated") },
      rolling: true,
    },
    "not after it": {
      view: { revision: 2, generation: 2, status: progressing("NewReplicaSetAvailable") },
      rolling: false,
    },
  };
  for (const [title, { view, rolling }] of Object.entries(cases)) {
    it(title, () => assert.equal(isRolling(view as ChildView), rolling));
  }
});

function progressing(reason: string): ChildView["status"] {
  return { observedGeneration: 2, conditions: [{ type: "Progressing", status: "True", reason }] };
}
