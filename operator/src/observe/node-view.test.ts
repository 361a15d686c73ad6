import assert from "node:assert/strict";
import { viewNode, type NodeView } from "./node-view.ts";

describe("the view of a node", () => {
  const metadata = { name: "gpu-0", uid: "u", resourceVersion: "1", creationTimestamp: "" };
  const nothing: NodeView = {
    name: "gpu-0",
    labels: {},
    taints: [],
    cordoned: false,
    ready: false,
    allocatable: {},
  };
  const cases: { readonly [title: string]: { readonly node: object; readonly view: NodeView } } = {
    "of a node that has not reported yet": { node: {}, view: nothing },
    "of a node with GPUs and taints": {
      node: {
        metadata: { ...metadata, labels: { zone: "a" } },
        spec: {
          unschedulable: true,
          taints: [
            { key: "nvidia.com/gpu", effect: "NoSchedule" },
            { key: "team", value: "video", effect: "NoExecute", timeAdded: "2026-01-01T00:00:00Z" },
          ],
        },
        status: {
          allocatable: {
            cpu: "32",
            memory: "256Gi",
            "hugepages-2Mi": "0",
            "nvidia.com/gpu": "8",
            "nvidia.com/mig-1g.5gb": "7",
            "attachable-volumes.kubernetes.io/x": "9",
          },
          conditions: [
            { type: "MemoryPressure", status: "False" },
            { type: "Ready", status: "True" },
          ],
        },
      },
      view: {
        name: "gpu-0",
        labels: { zone: "a" },
        taints: [
          { key: "nvidia.com/gpu", effect: "NoSchedule" },
          { key: "team", value: "video", effect: "NoExecute" },
        ],
        cordoned: true,
        ready: true,
        allocatable: { "nvidia.com/gpu": 8, "nvidia.com/mig-1g.5gb": 7 },
      },
    },
    "of a node whose kubelet no longer reports": {
      node: { status: { conditions: [{ type: "Ready", status: "Unknown" }] } },
      view: nothing,
    },
  };
  for (const [title, { node, view }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(viewNode({ apiVersion: "v1", kind: "Node", metadata, ...node }), view));
  }
});
