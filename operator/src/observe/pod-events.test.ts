import assert from "node:assert/strict";
import type { ListOptions } from "../kube/client.ts";
import type { ResourceType } from "../kube/object.ts";
import { ApiError } from "../kube/errors.ts";
import { storedObject } from "../kube/object.sample.ts";
import { nodeClaimType, type Provisioning } from "../neighbours/karpenter.ts";
import { eventType, provisioning, startFailure, type CoreEvent, type StartFailure } from "./pod-events.ts";

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

const karpenter = { source: { component: "karpenter" } };
const nominated = {
  ...karpenter,
  type: "Normal",
  reason: "Nominated",
  message: "Pod should schedule on: nodeclaim/gpus-1",
};
const refused = { ...karpenter, reason: "FailedScheduling", message: "Failed to schedule pod, no instance type fits" };

const provisioningCases: {
  readonly [title: string]: {
    readonly events: readonly CoreEvent[];
    /** The response to a GET of the NodeClaim: a status code, or the conditions that are true. */
    readonly nodeClaim?: number | readonly string[];
    readonly expected: Provisioning | undefined;
  };
} = {
  "is unknown without events": { events: [], expected: undefined },
  "is the progress of the NodeClaim that its last event names": {
    events: [event("9", nominated), event("8", refused)],
    nodeClaim: ["Launched"],
    expected: { coming: true, progress: "NodeClaim gpus-1 is launched, and its node has not registered yet" },
  },
  "is its last refusal": {
    events: [event("9", nominated), event("10", refused)],
    expected: { coming: false, why: "no instance type fits" },
  },
  "is unknown once the NodeClaim is deleted": { events: [event("9", nominated)], nodeClaim: 404, expected: undefined },
  "is unknown once the node is ready, for which the scheduler has not chosen it": {
    events: [event("9", nominated)],
    nodeClaim: ["Launched", "Registered", "Initialized"],
    expected: undefined,
  },
  // The RBAC of an earlier version, beside a new operator.
  "is only the name of a NodeClaim that may not be read": {
    events: [event("9", nominated)],
    nodeClaim: 403,
    expected: { coming: true, progress: "NodeClaim gpus-1" },
  },
  "ignores the scheduler's events, which have the same reason": {
    events: [event("9", { ...refused, source: { component: "default-scheduler" } })],
    expected: undefined,
  },
};

describe("what Karpenter does for a pod", () => {
  for (const [title, { events, nodeClaim, expected }] of Object.entries(provisioningCases)) {
    it(title, async () => {
      const list = () => Promise.resolve({ items: events, resourceVersion: "20" });
      const get = (type: ResourceType, namespace: string, object: string) => {
        assert.deepEqual([type, namespace, object], [nodeClaimType, "", "gpus-1"]);
        if (nodeClaim === undefined) assert.fail("not expected to be read");
        if (typeof nodeClaim === "number") {
          const init = { status: nodeClaim, reason: "", message: "", method: "GET", path: "" };
          return Promise.reject(new ApiError(init));
        }
        const conditions = nodeClaim.map((condition) => ({ type: condition, status: "True" }));
        return Promise.resolve({ ...storedObject({ name: object }), status: { conditions } });
      };
      assert.deepEqual(await provisioning({ list, get }, { namespace: "media", uid: "u" }), expected);
    });
  }

  it("is an error while the API server fails", async () => {
    const list = () => Promise.resolve({ items: [event("9", nominated)], resourceVersion: "20" });
    const get = () => Promise.reject(new ApiError({ status: 500, reason: "", message: "", method: "GET", path: "" }));
    await assert.rejects(provisioning({ list, get }, { namespace: "media", uid: "u" }), ApiError);
  });
});
