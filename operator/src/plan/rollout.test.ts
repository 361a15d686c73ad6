import assert from "node:assert/strict";
import { decideRollout, type RolloutDecision, type RolloutInput } from "./rollout.ts";

const auto: RolloutInput = {
  strategy: "Auto",
  templateHash: "new",
  before: undefined,
  replicas: 4,
  gpusPerReplica: 1,
  spareReplicas: 0,
};

describe("how pods are replaced", () => {
  const cases: {
    readonly [title: string]: {
      readonly input: Partial<RolloutInput>;
      readonly decision: Omit<RolloutDecision, "templateHash">;
    };
  } = {
    "follows rollout.strategy, however many GPUs are free": {
      input: {
        strategy: "Recreate",
        spareReplicas: 9,
        before: { templateHash: "new", strategy: "Surge", message: "" },
      },
      decision: { strategy: "Recreate", message: "set by rollout.strategy" },
    },
    "surges pods that need no GPU": {
      input: { gpusPerReplica: 0 },
      decision: { strategy: "Surge", message: "the pods need no GPU" },
    },
    "surges where there is no pod yet": {
      input: { replicas: 0 },
      decision: { strategy: "Surge", message: "there are no pods to replace" },
    },
    "surges when a quarter of 4 replicas fits": {
      input: { spareReplicas: 1 },
      decision: { strategy: "Surge", message: "GPUs for 1 more replica were free" },
    },
    "replaces in place when a quarter of 5 replicas does not fit": {
      input: { replicas: 5, spareReplicas: 1 },
      decision: {
        strategy: "InPlace",
        message: "GPUs for 1 of 2 more replicas were free: each pod is deleted before its replacement is created",
      },
    },
    "continues a rollout as it began, although its own pods have taken the free GPUs": {
      input: { before: { templateHash: "new", strategy: "Surge", message: "GPUs for 1 more replica were free" } },
      decision: { strategy: "Surge", message: "GPUs for 1 more replica were free" },
    },
    "decides again for another template": {
      input: { spareReplicas: 1, before: { templateHash: "old", strategy: "InPlace", message: "none were free" } },
      decision: { strategy: "Surge", message: "GPUs for 1 more replica were free" },
    },
    "decides again when the status has lost its strategy": {
      input: { spareReplicas: 1, before: { templateHash: "new" } },
      decision: { strategy: "Surge", message: "GPUs for 1 more replica were free" },
    },
  };
  for (const [title, { input, decision }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(decideRollout({ ...auto, ...input }), { ...decision, templateHash: "new" }));
  }
});
