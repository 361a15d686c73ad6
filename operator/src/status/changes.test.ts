import assert from "node:assert/strict";
import type { Condition } from "@gpumedia/api";
import { eventsOf } from "./changes.ts";

function condition(type: string, status: Condition["status"], reason: string): Condition {
  return { type, status, reason, message: `${reason}!`, observedGeneration: 1, lastTransitionTime: "" };
}

const serving = condition("Ready", "True", "Serving");
const progressing = condition("Ready", "False", "Progressing");
const waiting = condition("Ready", "False", "WaitingForGpu");
const taken = condition("Stalled", "True", "NameTaken");
const notReady = condition("Ready", "False", "NameTaken");
const scaling = condition("ScalingReady", "True", "Scaling");
const cannotScale = condition("ScalingReady", "False", "MetricsMissing");

describe("what is worth an event", () => {
  const cases: {
    readonly title: string;
    readonly before: readonly Condition[] | undefined;
    readonly after: readonly Condition[];
    readonly events: readonly string[];
  }[] = [
    { title: "a first look that finds it starting", before: undefined, after: [progressing], events: [] },
    { title: "it serves", before: [progressing], after: [serving], events: ["Normal Reconcile Serving"] },
    { title: "it goes on serving", before: [serving], after: [serving], events: [] },
    { title: "it rolls out", before: [serving], after: [progressing], events: [] },
    { title: "it waits", before: [progressing], after: [waiting], events: ["Warning Reconcile WaitingForGpu"] },
    { title: "it goes on waiting", before: [waiting], after: [waiting], events: [] },
    {
      title: "it is stuck, said once",
      before: [serving],
      after: [notReady, taken],
      events: ["Warning Reconcile NameTaken"],
    },
    { title: "it goes on being stuck", before: [notReady, taken], after: [notReady, taken], events: [] },
    {
      title: "it can't be scaled any more",
      before: [serving, scaling],
      after: [serving, cannotScale],
      events: ["Warning Scale MetricsMissing"],
    },
    { title: "a new one's metrics are missing", before: [serving], after: [serving, cannotScale], events: [] },
    { title: "it still can't be scaled", before: [serving, cannotScale], after: [serving, cannotScale], events: [] },
  ];
  for (const { title, before, after, events } of cases) {
    it(title, () => {
      const news = eventsOf(before && { conditions: [...before] }, { conditions: [...after] });
      assert.deepEqual(
        news.map(({ type, action, reason }) => `${type} ${action} ${reason}`),
        events,
      );
      for (const { reason, note } of news) assert.equal(note, `${reason}!`);
    });
  }
});
