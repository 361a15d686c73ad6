import assert from "node:assert/strict";
import type { ChildView } from "../observe/child-view.ts";
import { available } from "./available.ts";
import { isFalse, isTrue, type Verdict } from "./condition.ts";
import type { AvailableReason } from "./reasons.ts";

describe("Available", () => {
  const cases: {
    readonly [title: string]: {
      /** `spec.replicas` and `status.readyReplicas`, which the API server leaves out when it is 0. */
      readonly deployment: readonly [desired: number, ready?: number] | undefined;
      readonly verdict: Verdict<AvailableReason>;
    };
  } = {
    "all are ready": { deployment: [3, 3], verdict: isTrue("ReplicasServe", "3 of 3 replicas are ready") },
    "one is enough": { deployment: [3, 1], verdict: isTrue("ReplicasServe", "1 of 3 replicas are ready") },
    "none is ready": { deployment: [3], verdict: isFalse("NoReplicaServes", "0 of 3 replicas are ready") },
    "scaled to 0": { deployment: [0], verdict: isFalse("NoReplicaWanted", "scaled to 0 replicas") },
    "no Deployment, which is not the same as 0 replicas": {
      deployment: undefined,
      verdict: isFalse("NoReplicaServes", "the Deployment has not been created yet"),
    },
  };
  for (const [title, { deployment, verdict }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(available({ deployment: deployment && view(...deployment) }), verdict));
  }
});

function view(replicas: number, readyReplicas?: number): ChildView {
  return { spec: { replicas }, status: readyReplicas === undefined ? {} : { readyReplicas } } as ChildView;
}
