import assert from "node:assert/strict";
import type { Rollout } from "../desired/context.ts";
import { decideRollout, type RolloutInput } from "./rollout.ts";

const auto: RolloutInput = {
  strategy: "Auto",
  templateHash: "new",
  before: undefined,
  replicas: 4,
  gpusPerReplica: 1,
  spareReplicas: 0,
};

describe("how pods are replaced", () => {
  const oneMore = "GPUs for 1 more replica were free";
  const cases: {
    readonly [title: string]: readonly [input: Partial<RolloutInput>, strategy: Rollout, message: string];
  } = {
    "follows rollout.strategy, however many GPUs are free": [
      { strategy: "Recreate", spareReplicas: 9, before: { templateHash: "new", strategy: "Surge", message: "" } },
      "Recreate",
      "set by rollout.strategy",
    ],
    "surges pods that need no GPU": [{ gpusPerReplica: 0 }, "Surge", "the pods need no GPU"],
    "surges where there is no pod yet": [{ replicas: 0 }, "Surge", "there are no pods to replace"],
    "surges when a quarter of 4 replicas fits": [{ spareReplicas: 1 }, "Surge", oneMore],
    "replaces in place when a quarter of 5 replicas does not fit": [
      { replicas: 5, spareReplicas: 1 },
      "InPlace",
      "GPUs for 1 of 2 more replicas were free: each pod is deleted before its replacement is created",
    ],
    "continues a rollout as it began, although its own pods have taken the free GPUs": [
      { before: { templateHash: "new", strategy: "Surge", message: oneMore } },
      "Surge",
      oneMore,
    ],
    "decides again for another template": [
      { spareReplicas: 1, before: { templateHash: "old", strategy: "InPlace", message: "none were free" } },
      "Surge",
      oneMore,
    ],
    "decides again when the status has lost its strategy": [
      { spareReplicas: 1, before: { templateHash: "new" } },
      "Surge",
      oneMore,
    ],
  };
  for (const [title, [input, strategy, message]] of Object.entries(cases)) {
    it(title, () => {
      assert.deepEqual(decideRollout({ ...auto, ...input }), { strategy, message, templateHash: "new" });
    });
  }
});
