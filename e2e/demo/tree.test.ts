import assert from "node:assert/strict";
import { ownerTree, type OwnedObject } from "./tree.ts";

function object(kind: string, name: string, owner?: string, more: Partial<OwnedObject> = {}): OwnedObject {
  const ownerReferences = owner === undefined ? [] : [{ uid: owner }];
  return { kind, metadata: { name, uid: name, ownerReferences }, ...more };
}

const ready = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };

describe("the tree of owners", () => {
  it("has a sorted line per object with its state, and leaves out other owners' objects", () => {
    const root = object("GpuMediaService", "upscaler");
    const objects = [
      object("Service", "svc", "upscaler"),
      object("Pod", "b", "rs", { spec: { nodeName: "node-1" }, status: { phase: "Pending" } }),
      object("Pod", "a", "rs", { spec: { nodeName: "node-0" }, status: ready }),
      object("Pod", "c", "rs", { status: { phase: "Pending" } }),
      object("ReplicaSet", "rs", "deploy", { spec: { replicas: 3 }, status: { readyReplicas: 1 } }),
      object("Deployment", "deploy", "upscaler", { spec: { replicas: 3 }, status: {} }),
      object("HorizontalPodAutoscaler", "hpa", "upscaler", { spec: { minReplicas: 2, maxReplicas: 10 } }),
      object("Pod", "foreign", "other"),
      object("ConfigMap", "without owner"),
    ];
    assert.deepEqual(ownerTree(root, objects), [
      "GpuMediaService upscaler",
      "├── Deployment deploy            0 of 3 ready",
      "│   └── ReplicaSet rs            1 of 3 ready",
      "│       ├── Pod a                Ready on node-0",
      "│       ├── Pod b                Pending on node-1",
      "│       └── Pod c                Pending",
      "├── HorizontalPodAutoscaler hpa  2 to 10 replicas",
      "└── Service svc",
    ]);
  });

  it("of an object that owns nothing is one line", () => {
    assert.deepEqual(ownerTree(object("GpuMediaService", "new"), []), ["GpuMediaService new"]);
  });
});
