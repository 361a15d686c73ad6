import assert from "node:assert/strict";
import { autoscaling, type Autoscaler } from "./autoscaling.ts";

describe("the autoscaler's line in the demo", () => {
  const seen = (averageValue: string, desiredReplicas: number): Autoscaler => ({
    status: { desiredReplicas, currentMetrics: [{}, { pods: { current: { averageValue } } }] },
  });
  const deployment = { spec: { replicas: 1 }, status: { readyReplicas: 1 } };
  const cases = [
    { hpa: {}, says: "no GPU figure yet: 1 wanted, 1 ready" },
    { hpa: seen("83", 2), says: "GPUs at about 80 %: 2 wanted, 1 ready" },
    { hpa: seen("46500m", 1), says: "GPUs at about 50 %: 1 wanted, 1 ready" },
  ];
  for (const { hpa, says } of cases) it(says, () => assert.equal(autoscaling(hpa, deployment).line, says));
});
