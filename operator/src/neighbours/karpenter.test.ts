import assert from "node:assert/strict";
import { storedObject } from "../kube/object.sample.ts";
import { nodeClaimProgress, podDecision } from "./karpenter.ts";

describe("what an event of Karpenter states about a pod", () => {
  for (const [title, event, expected] of [
    [
      "a new node",
      { reason: "Nominated", message: "Pod should schedule on: nodeclaim/gpus-x2k4v" },
      { kind: "Nominated", nodeClaim: "gpus-x2k4v" },
    ],
    [
      "a node that exists",
      { reason: "Nominated", message: "Pod should schedule on: nodeclaim/gpus-x2k4v, node/ip-10-0-0-7" },
      { kind: "Nominated", nodeClaim: "gpus-x2k4v" },
    ],
    [
      "a node that it does not manage",
      { reason: "Nominated", message: "Pod should schedule on: node/rack-7" },
      { kind: "Nominated", nodeClaim: undefined },
    ],
    [
      "that it adds none",
      {
        reason: "FailedScheduling",
        message: 'Failed to schedule pod, all available instance types exceed limits for nodepool: "gpus"',
      },
      { kind: "Refused", why: 'all available instance types exceed limits for nodepool: "gpus"' },
    ],
    ["nothing: the pod is evicted", { reason: "Evicted", message: "Evicted pod" }, undefined],
    ["nothing: it has no reason", {}, undefined],
  ] as const) {
    it(title, () => assert.deepEqual(podDecision(event), expected));
  }
});

describe("the progress of a NodeClaim", () => {
  const awaiting = "object is awaiting reconciliation";
  const of = (
    conditions: Readonly<Record<string, readonly [status: string, message?: string]>>,
    nodeName?: string,
  ) => ({
    ...storedObject({ name: "gpus-1" }),
    kind: "NodeClaim",
    status: {
      ...(nodeName === undefined ? {} : { nodeName }),
      conditions: Object.entries(conditions).map(([type, [status, message = ""]]) => ({ type, status, message })),
    },
  });
  const launched = { Launched: ["True"] } as const;
  const registered = { ...launched, Registered: ["True"] } as const;
  for (const [title, object, expected] of [
    [
      "has no status",
      { ...storedObject({ name: "gpus-1" }), kind: "NodeClaim" },
      "NodeClaim gpus-1 is not launched yet",
    ],
    ["is not evaluated", of({ Launched: ["Unknown", awaiting] }), "NodeClaim gpus-1 is not launched yet"],
    [
      "cannot be launched",
      of({ Launched: ["Unknown", "no capacity for p5.48xlarge"] }),
      "NodeClaim gpus-1 is not launched yet: no capacity for p5.48xlarge",
    ],
    [
      "is launched",
      of({ ...launched, Registered: ["Unknown", "Node not registered with cluster"] }),
      "NodeClaim gpus-1 is launched, and its node has not registered yet",
    ],
    [
      "has a node without the device plugin",
      of(
        { ...registered, Initialized: ["Unknown", 'Resource "nvidia.com/gpu" was requested but not registered'] },
        "n",
      ),
      'node n of NodeClaim gpus-1 is not ready for pods yet: Resource "nvidia.com/gpu" was requested but not registered',
    ],
    ["has a node that is ready", of({ ...registered, Initialized: ["True"] }, "n"), undefined],
    [
      "is being deleted",
      { ...storedObject({ name: "gpus-1", deletionTimestamp: "2026-01-01T00:00:00Z" }), kind: "NodeClaim" },
      undefined,
    ],
  ] as const) {
    it(title, () => assert.equal(nodeClaimProgress(object), expected));
  }
});
