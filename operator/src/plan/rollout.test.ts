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
  quota: undefined,
  waiting: 0,
  surgeFailure: undefined,
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
    "surges when the number of free GPUs is not known": [
      { spareReplicas: undefined },
      "Surge",
      "no node reports how many GPUs are free",
    ],
    "surges when a quarter of 4 replicas fits": [{ spareReplicas: 1 }, "Surge", oneMore],
    "replaces in place when a quarter of 5 replicas does not fit": [
      { replicas: 5, spareReplicas: 1 },
      "InPlace",
      "GPUs for 1 of 2 more replicas were free: each pod is deleted before its replacement is created",
    ],
    "replaces in place when the quota is used up, although GPUs are free": [
      { spareReplicas: 9, quota: { replicas: 0, quota: "gpus", resource: "requests.nvidia.com/gpu" } },
      "InPlace",
      "quota gpus had requests.nvidia.com/gpu for 0 of 1 more replicas: each pod is deleted before its replacement is created",
    ],
    "surges when the quota suffices": [
      { spareReplicas: 1, quota: { replicas: 1, quota: "gpus", resource: "requests.nvidia.com/gpu" } },
      "Surge",
      oneMore,
    ],
    "does not count a quota for a service without pods": [
      { replicas: 0, quota: { replicas: 0, quota: "gpus", resource: "pods" } },
      "Surge",
      "there are no pods to replace",
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
    "replaces in place while replicas have no room, also a template that was to surge": [
      {
        replicas: 6,
        spareReplicas: 9,
        waiting: 2,
        before: { templateHash: "new", strategy: "Surge", message: oneMore },
      },
      "InPlace",
      "there was no room for 2 of 6 replicas: each pod is deleted before its replacement is created",
    ],
    "keeps the reason why it replaces in place": [
      { waiting: 1, before: { templateHash: "new", strategy: "InPlace", message: "none were free" } },
      "InPlace",
      "none were free",
    ],
    "switches to in place when a surge pod gets no room": [
      {
        before: { templateHash: "new", strategy: "Surge", message: oneMore },
        surgeFailure: "pod p could not be scheduled: 1 Insufficient cpu.",
      },
      "InPlace",
      "switched from Surge after 1 minute: each pod is deleted before its replacement is created; pod p could not be scheduled: 1 Insufficient cpu.",
    ],
    "does not switch a surge that the user has set": [
      { strategy: "Surge", waiting: 2, surgeFailure: "exceeded quota: gpus" },
      "Surge",
      "set by rollout.strategy",
    ],
    "decides again when the status has lost its strategy": [
      { spareReplicas: 1, before: { templateHash: "new" } },
      "Surge",
      oneMore,
    ],
  };
  for (const [title, [input, strategy, message]] of Object.entries(cases)) {
    it(title, () => {
      const { waiting = 0 } = input;
      const expected = { strategy, message, templateHash: "new", ...(waiting === 0 ? {} : { waiting }) };
      assert.deepEqual(decideRollout({ ...auto, ...input }), expected);
    });
  }
});
