import assert from "node:assert/strict";
import { decideRollout, type RolloutDecision, type RolloutQuestion } from "./rollout.ts";

const auto: RolloutQuestion = {
  wanted: "Auto",
  templateHash: "new",
  before: undefined,
  replicas: 4,
  gpusPerReplica: 1,
  roomFor: 0,
};

describe("how pods are replaced", () => {
  const cases: {
    readonly title: string;
    readonly question: Partial<RolloutQuestion>;
    readonly decision: Omit<RolloutDecision, "templateHash">;
  }[] = [
    {
      title: "as the user says, whatever room there is",
      question: { wanted: "Recreate", roomFor: 9, before: { templateHash: "new", strategy: "Surge", message: "" } },
      decision: { strategy: "Recreate", message: "as rollout.strategy says" },
    },
    {
      title: "without a GPU there is always room",
      question: { gpusPerReplica: 0 },
      decision: { strategy: "Surge", message: "needs no GPU" },
    },
    {
      title: "without a pod there is nothing to make room for",
      question: { replicas: 0 },
      decision: { strategy: "Surge", message: "there is no pod to replace" },
    },
    {
      title: "a quarter of 4 fits",
      question: { roomFor: 1 },
      decision: { strategy: "Surge", message: "there was room for 1 more" },
    },
    {
      title: "a quarter of 5 does not fit",
      question: { replicas: 5, roomFor: 1 },
      decision: { strategy: "InPlace", message: "there was room for 1 of 2 more: one pod ends before the next begins" },
    },
    {
      title: "a rollout goes on as it began, though its own pods have taken the room",
      question: { before: { templateHash: "new", strategy: "Surge", message: "there was room for 1 more" } },
      decision: { strategy: "Surge", message: "there was room for 1 more" },
    },
    {
      title: "another template is another decision",
      question: { roomFor: 1, before: { templateHash: "old", strategy: "InPlace", message: "there was none" } },
      decision: { strategy: "Surge", message: "there was room for 1 more" },
    },
    {
      title: "a status that lost its strategy is none",
      question: { roomFor: 1, before: { templateHash: "new" } },
      decision: { strategy: "Surge", message: "there was room for 1 more" },
    },
  ];
  for (const { title, question, decision } of cases) {
    it(title, () => assert.deepEqual(decideRollout({ ...auto, ...question }), { ...decision, templateHash: "new" }));
  }
});
