import assert from "node:assert/strict";
import type { Condition, GpuMediaServiceStatus } from "@gpumedia/api";
import { lasting } from "./lasting.ts";

const lastTransitionTime = "2026-01-01T00:00:00Z";

const ready: Condition = { type: "Ready", status: "True", reason: "Serving", message: "2 of 2", lastTransitionTime };
const sufficient: Condition = {
  type: "GpuCapacity",
  status: "True",
  reason: "Sufficient",
  message: "3 of 8 nvidia.com/gpu free",
  lastTransitionTime,
};
const exhausted: Condition = { ...sufficient, status: "False", reason: "Exhausted", message: "1 replica waits" };

describe("what of a status is worth a write", () => {
  const cases: {
    readonly title: string;
    readonly status: GpuMediaServiceStatus | undefined;
    readonly kept: GpuMediaServiceStatus | undefined;
  }[] = [
    { title: "nothing of none", status: undefined, kept: undefined },
    { title: "that there is one at all", status: {}, kept: { conditions: [] } },
    {
      title: "all but how many GPUs are free",
      status: {
        observedGeneration: 2,
        conditions: [ready, sufficient],
        replicas: { desired: 2, ready: 2, updated: 2 },
        capacity: { gpusRequested: 2, gpusAllocatable: 8, gpusFree: 3 },
      },
      kept: {
        observedGeneration: 2,
        conditions: [ready, { ...sufficient, message: "" }],
        replicas: { desired: 2, ready: 2, updated: 2 },
      },
    },
    {
      title: "why there are too few GPUs",
      status: { conditions: [exhausted] },
      kept: { conditions: [exhausted] },
    },
  ];
  for (const { title, status, kept } of cases) it(title, () => assert.deepEqual(lasting(status), kept));
});
