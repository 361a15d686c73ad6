import assert from "node:assert/strict";
import type { Condition, GpuMediaServiceStatus } from "@gpumedia/api";
import { significant, statusEvents } from "./changes.ts";

function condition(type: string, status: Condition["status"], reason: string): Condition {
  return { type, status, reason, message: `${reason}!`, observedGeneration: 1, lastTransitionTime: "" };
}

const serving = condition("Ready", "True", "Serving");
const progressing = condition("Ready", "False", "Progressing");
const waiting = condition("Ready", "False", "WaitingForGpu");
const degraded = condition("Ready", "True", "Degraded");
const taken = condition("Stalled", "True", "NameTaken");
const notReady = condition("Ready", "False", "NameTaken");
const scaling = condition("ScalingReady", "True", "Scaling");
const noMetrics = condition("ScalingReady", "False", "MetricsMissing");
const noApi = condition("ScalingReady", "False", "ApiMissing");
const refused = condition("Exposed", "False", "NotAccepted");

describe("events of a status", () => {
  it("include the switch of a rollout from a surge to in place, once, and not that of pods that wait after a scale-out", () => {
    const status = (strategy: "Surge" | "InPlace", updated: number, templateHash = "a"): GpuMediaServiceStatus => ({
      rollout: { strategy, templateHash, message: "quota" },
      replicas: { desired: 4, ready: 4, updated },
    });
    const [surges, switched] = [status("Surge", 1), status("InPlace", 1)];
    const event = { type: "Warning", reason: "SwitchedToInPlace", action: "Reconcile", note: "quota" };
    assert.deepEqual(statusEvents(surges, switched), [event]);
    assert.deepEqual(statusEvents(switched, switched), []);
    assert.deepEqual(statusEvents(status("Surge", 4), status("InPlace", 4)), []);
    assert.deepEqual(statusEvents(surges, status("InPlace", 1, "b")), []);
  });

  const cases: {
    readonly [title: string]: {
      readonly before: readonly Condition[] | undefined;
      readonly after: readonly Condition[];
      readonly events: readonly string[];
    };
  } = {
    "none for a new service that starts": { before: undefined, after: [progressing], events: [] },
    "the service becomes ready": { before: [progressing], after: [serving], events: ["Normal Reconcile Serving"] },
    "none while it stays ready": { before: [serving], after: [serving], events: [] },
    "none for a rollout": { before: [serving], after: [progressing], events: [] },
    "it waits for a GPU": { before: [progressing], after: [waiting], events: ["Warning Reconcile WaitingForGpu"] },
    "a node comes for it, which is no warning": {
      before: [waiting],
      after: [condition("Ready", "False", "WaitingForNode")],
      events: ["Normal Reconcile WaitingForNode"],
    },
    "nodes fail pods of a service that keeps serving": {
      before: [serving],
      after: [degraded],
      events: ["Warning Reconcile Degraded"],
    },
    "none while nodes keep failing pods": { before: [degraded], after: [degraded], events: [] },
    "none while it keeps waiting": { before: [waiting], after: [waiting], events: [] },
    "it stalls, which is one event": {
      before: [serving],
      after: [notReady, taken],
      events: ["Warning Reconcile NameTaken"],
    },
    "none while it stays stalled": { before: [notReady, taken], after: [notReady, taken], events: [] },
    "an autoscaler that worked loses its metrics": {
      before: [serving, scaling],
      after: [serving, noMetrics],
      events: ["Warning Scale MetricsMissing"],
    },
    "none while the metrics of new pods are missing": { before: [serving], after: [serving, noMetrics], events: [] },
    "none while metrics stay missing": { before: [serving, noMetrics], after: [serving, noMetrics], events: [] },
    "the autoscaler can never work, because an API is missing": {
      before: [serving, noMetrics],
      after: [serving, noApi],
      events: ["Warning Scale ApiMissing"],
    },
    "the Gateway refuses the route": {
      before: [serving, condition("Exposed", "True", "Routed")],
      after: [serving, refused],
      events: ["Warning Reconcile NotAccepted"],
    },
    "none while the Gateway refuses the route": { before: [serving, refused], after: [serving, refused], events: [] },
    "none while the Gateway has not evaluated the route": {
      before: undefined,
      after: [condition("Exposed", "Unknown", "NotAcceptedYet")],
      events: [],
    },
    "none while the API stays missing": { before: [serving, noApi], after: [serving, noApi], events: [] },
  };
  for (const [title, { before, after, events }] of Object.entries(cases)) {
    it(title, () => {
      const found = statusEvents(before && { conditions: [...before] }, { conditions: [...after] });
      assert.deepEqual(
        found.map(({ type, action, reason, note }) => `${type} ${action} ${reason} ${note}`),
        events.map((event) => `${event} ${event.split(" ").at(-1)}!`),
      );
    });
  }
});

describe("the event of a change at admission", () => {
  const entry = {
    child: "Deployment a",
    fields: ["spec.x was changed to 1", "spec.y was removed"],
    sent: "s",
    stored: "t",
  };
  const notes = (before: GpuMediaServiceStatus, after: GpuMediaServiceStatus): readonly string[] =>
    statusEvents(before, after).map(({ type, reason, note }) => `${type} ${reason} ${note}`);

  it("names the child and the fields, once", () => {
    const after = { admission: [entry] };
    assert.deepEqual(notes({}, after), [
      "Normal ChangedAtAdmission admission changed Deployment a, which is kept: spec.x was changed to 1; spec.y was removed",
    ]);
    assert.deepEqual(notes(after, { admission: [{ ...entry, sent: "s2" }] }), []);
    assert.deepEqual(notes(after, {}), []);
  });
});

describe("the significant part of a status", () => {
  const sufficient = condition("GpuCapacity", "True", "Sufficient");
  const exhausted = condition("GpuCapacity", "False", "Exhausted");
  const cases: {
    readonly [title: string]: {
      readonly status: GpuMediaServiceStatus | undefined;
      readonly kept: GpuMediaServiceStatus | undefined;
    };
  } = {
    "is undefined without a status": { status: undefined, kept: undefined },
    "differs between no status and an empty one": { status: {}, kept: { conditions: [] } },
    "does not have the number of free GPUs": {
      status: {
        observedGeneration: 2,
        conditions: [serving, sufficient],
        replicas: { desired: 2, ready: 2, updated: 2 },
        capacity: { gpusRequested: 2, gpusAllocatable: 8, gpusFree: 3 },
      },
      kept: {
        observedGeneration: 2,
        conditions: [serving, { ...sufficient, message: "" }],
        replicas: { desired: 2, ready: 2, updated: 2 },
      },
    },
    "has why GPUs are short": { status: { conditions: [exhausted] }, kept: { conditions: [exhausted] } },
  };
  for (const [title, { status, kept }] of Object.entries(cases))
    it(title, () => assert.deepEqual(significant(status), kept));
});
