import assert from "node:assert/strict";
import type { ListOptions } from "../kube/client.ts";
import type { ResourceType } from "../kube/object.ts";
import { storedObject } from "../kube/object.sample.ts";
import { eventType, startFailure, type CoreEvent, type StartFailure } from "./pod-events.ts";

let name = 0;

function event(resourceVersion: string, change: Partial<CoreEvent>): CoreEvent {
  const stored = storedObject({ name: `e-${name++}`, resourceVersion });
  return { ...stored, kind: "Event", type: "Warning", source: { component: "kubelet" }, ...change };
}

// The kubelet's words for a DRA driver that has not registered (pkg/kubelet/cm/dra).
const unprepared = "Failed to prepare dynamic resources: DRA driver gpu.example.com is not registered";
const prepare = { reason: "FailedPrepareDynamicResources", message: unprepared };
const mount = { reason: "FailedMount", message: 'MountVolume.SetUp failed for volume "x" : secret "x" not found' };
const scheduled = { type: "Normal", reason: "Scheduled", source: { component: "default-scheduler" } };

const cases: {
  readonly [title: string]: { readonly events: readonly CoreEvent[]; readonly expected: StartFailure | undefined };
} = {
  "of a pod without events": { events: [], expected: undefined },
  "that the kubelet cannot prepare a claim": {
    events: [event("7", scheduled), event("8", { ...prepare, message: `${unprepared}\n` })],
    expected: prepare,
  },
  "that the kubelet cannot mount a volume": { events: [event("8", mount)], expected: mount },
  "is the one that was written last, whatever the order": {
    events: [event("10", prepare), event("9", mount)],
    expected: prepare,
  },
  "that is over, because the kubelet pulls the image": {
    events: [event("8", mount), event("12", { type: "Normal", reason: "Pulling", message: "Pulling image" })],
    expected: undefined,
  },
  "of the controller that attaches volumes": {
    events: [event("8", { ...mount, source: { component: "attachdetach-controller" } })],
    expected: mount,
  },
  "of a kubelet that reports as events.k8s.io does": {
    events: [event("8", { ...mount, source: {}, reportingComponent: "kubelet" })],
    expected: mount,
  },
  "and not why the scheduler had waited": {
    events: [event("8", { reason: "FailedScheduling", source: { component: "default-scheduler" } })],
    expected: undefined,
  },
};

describe("the failure of a pod's start", () => {
  for (const [title, { events, expected }] of Object.entries(cases)) {
    it(title, async () => {
      const requests: unknown[] = [];
      const list = (type: ResourceType, options: ListOptions = {}) => {
        requests.push([type, options]);
        return Promise.resolve({ items: events, resourceVersion: "20" });
      };
      assert.deepEqual(await startFailure({ list }, { namespace: "media", uid: "u" }), expected);
      assert.deepEqual(requests, [[eventType, { namespace: "media", fieldSelector: "involvedObject.uid=u" }]]);
    });
  }
});
