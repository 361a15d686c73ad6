import assert from "node:assert/strict";
import type { ChildView } from "../observe/child-view.ts";
import { available, type AvailableReason } from "./available.ts";
import { isFalse, isTrue, type Verdict } from "./condition.ts";

describe("Available", () => {
  const cases: {
    readonly title: string;
    /** `spec.replicas` and `status.readyReplicas`, which the API server leaves out when it is 0. */
    readonly deployment: readonly [desired: number, ready?: number] | undefined;
    readonly verdict: Verdict<AvailableReason>;
  }[] = [
    { title: "all serve", deployment: [3, 3], verdict: isTrue("ReplicasServe", "3 of 3 replicas serve") },
    { title: "one is enough", deployment: [3, 1], verdict: isTrue("ReplicasServe", "1 of 3 replicas serve") },
    { title: "none does", deployment: [3], verdict: isFalse("NoReplicaServes", "none of 3 replicas serves") },
    { title: "none shall", deployment: [0], verdict: isFalse("NoReplicaWanted", "no replica is wanted") },
    {
      title: "no Deployment, which is not a wish for no replica",
      deployment: undefined,
      verdict: isFalse("NoReplicaServes", "the Deployment is not there yet"),
    },
  ];
  for (const { title, deployment, verdict } of cases) {
    it(title, () => assert.deepEqual(available({ deployment: deployment && view(...deployment) }), verdict));
  }
});

function view(replicas: number, readyReplicas?: number): ChildView {
  return { spec: { replicas }, status: readyReplicas === undefined ? {} : { readyReplicas } } as ChildView;
}
