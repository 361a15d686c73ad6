import assert from "node:assert/strict";
import { storedObject } from "../kube/object.sample.ts";
import { podStart, type PodStart } from "./pod-start.ts";

const quota = 'Error creating: pods "t-x" is forbidden: failed quota: cpu: must specify limits.cpu for: loadtest';
const step = "set spec.resources in a new test, and spec.regression.resources of the service for those after a rollout";

const pod = (status: object): object => ({ status });
const event = (message: string, lastTimestamp = "2026-01-01T00:00:00Z"): object => ({ message, lastTimestamp });

function starting(why: string): PodStart {
  return { kind: "Pending", reason: "Starting", why };
}

describe("the start of a load test's pod", () => {
  const cases: {
    readonly [title: string]: {
      readonly pods?: readonly object[];
      readonly events?: readonly object[];
      readonly suspended?: string;
      readonly is: PodStart;
    };
  } = {
    "has nothing to report at first": { is: starting("it has no pod yet") },
    "is over when the client has ended, and a proxy beside it has not": {
      pods: [
        pod({
          phase: "Running",
          containerStatuses: [
            { name: "istio-proxy", state: { running: {} } },
            { name: "loadtest", state: { terminated: { exitCode: 1, message: "{}" } } },
          ],
        }),
      ],
      is: { kind: "Ended", exitCode: 1, message: "{}" },
    },
    "is over when the pod runs": { pods: [pod({ phase: "Running" })], is: { kind: "Started" } },
    "is over when the pod has ended": { pods: [pod({ phase: "Failed" })], is: { kind: "Started" } },
    "waits for a node": {
      pods: [
        pod({
          conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes fit" }],
        }),
      ],
      is: starting("pod t-x cannot be scheduled: 0/3 nodes fit"),
    },
    "waits for an image": {
      pods: [
        pod({
          containerStatuses: [
            { state: { running: {} } },
            { state: { waiting: { reason: "ErrImagePull", message: "not found" } } },
          ],
        }),
      ],
      is: starting("pod t-x cannot start: ErrImagePull: not found"),
    },
    "waits for the kubelet": {
      pods: [pod({ containerStatuses: [{ state: { waiting: { reason: "ContainerCreating" } } }] })],
      is: starting("pod t-x is starting"),
    },
    "waits for the controller that suspended the Job": {
      suspended: "Job suspended",
      is: starting("it is suspended: Job suspended"),
    },
    "fails where a quota demands a limit": {
      events: [event(quota)],
      is: {
        kind: "Forbidden",
        message: `pods "t-x" is forbidden: failed quota: cpu: must specify limits.cpu for: loadtest; ${step}`,
      },
    },
    "fails where the default limit of a LimitRange is below the request": {
      events: [
        event(
          'Error creating: Pod "t-x" is invalid: spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 500m',
        ),
      ],
      is: {
        kind: "Forbidden",
        message: `Pod "t-x" is invalid: spec.containers[0].resources.requests: Invalid value: "1": must be less than or equal to cpu limit of 500m; ${step}`,
      },
    },
    "fails where a LimitRange allows less": {
      events: [
        event('Error creating: pods "t-x" is forbidden: maximum cpu usage per Container is 500m, but limit is 1'),
      ],
      is: {
        kind: "Forbidden",
        message: `pods "t-x" is forbidden: maximum cpu usage per Container is 500m, but limit is 1; ${step}`,
      },
    },
    "fails where a webhook rejects the pod": {
      events: [
        event('Error creating: admission webhook "validate.kyverno.svc-fail" denied the request: no team label'),
      ],
      is: {
        kind: "Forbidden",
        message:
          'admission webhook "validate.kyverno.svc-fail" denied the request: no team label; create a new test once the policy admits the pod',
      },
    },
    "waits for quota to become free": {
      events: [event('Error creating: pods "t-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=5')],
      is: {
        kind: "Pending",
        reason: "QuotaExceeded",
        why: 'pods "t-x" is forbidden: exceeded quota: pods, requested: pods=1, used: pods=5',
      },
    },
    "waits for the controller of a new quota": {
      events: [event('Error creating: pods "t-x" is forbidden: status unknown for quota: cpu, resources: limits.cpu')],
      is: starting('pods "t-x" is forbidden: status unknown for quota: cpu, resources: limits.cpu'),
    },
    "waits for a webhook that does not respond": {
      events: [
        event(quota, "2025-01-01T00:00:00Z"),
        event("Error creating: Internal error occurred: failed calling webhook"),
      ],
      is: starting("Internal error occurred: failed calling webhook"),
    },
  };
  for (const [title, { pods = [], events = [], suspended, is }] of Object.entries(cases)) {
    it(title, async () => {
      const client = {
        list: async ({ kind }: { readonly kind: string }) => ({
          items: (kind === "Pod" ? pods : events).map((one) => ({ ...storedObject({ name: "t-x" }), ...one })),
          resourceVersion: "1",
        }),
      };
      const conditions = suspended === undefined ? [] : [{ type: "Suspended", status: "True", message: suspended }];
      assert.deepEqual(await podStart(client, "media", { name: "t", uid: "u", conditions }), is);
    });
  }
});
