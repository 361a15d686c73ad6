import assert from "node:assert/strict";
import { autoscaling, type Autoscaler } from "./autoscaling.ts";

describe("the autoscaler's line in the demo", () => {
  const seen = (averageValue: string, desiredReplicas: number): Autoscaler => ({
    status: { desiredReplicas, currentMetrics: [{}, { pods: { current: { averageValue } } }] },
  });
  const deployment = { spec: { replicas: 1 }, status: { readyReplicas: 1 } };
  const cases = [
    { hpa: {}, expected: "no GPU metric yet; 1 ready" },
    { hpa: seen("83", 2), expected: "GPUs at about 80 %: 2 desired, 1 ready" },
    { hpa: seen("46500m", 1), expected: "GPUs at about 50 %: 1 desired, 1 ready" },
  ];
  for (const { hpa, expected } of cases) it(expected, () => assert.equal(autoscaling(hpa, deployment).line, expected));
});
