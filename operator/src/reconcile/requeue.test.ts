import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import type { Failure } from "../plan/failure.ts";
import type { Next } from "../runtime/workers.ts";
import { requeue } from "./requeue.ts";
import type { Unwritten } from "./write-status.ts";

function answer(status: number, retryAfterMs?: number): ApiError {
  return new ApiError({ status, reason: "", message: "", method: "PATCH", path: "/", retryAfterMs });
}

describe("when a service is reconciled again", () => {
  const stalled: Failure = { kind: "Stalled", reason: "ChildRejected", message: "" };
  const cases: {
    readonly [title: string]: {
      readonly failure?: Failure;
      readonly unwritten?: Unwritten;
      readonly next: Next;
    };
  } = {
    "nothing failed": { next: { kind: "done" } },
    "the user must act, and a watch reports it": { failure: stalled, next: { kind: "done" } },
    "the user must act, and no watch reports it": {
      failure: { ...stalled, reason: "NameTaken", afterMs: 30_000 },
      next: { kind: "requeue", afterMs: 30_000 },
    },
    "the failure is expected to pass": {
      failure: { kind: "Waiting", reason: "AwaitingRemoval", afterMs: 5_000, message: "" },
      next: { kind: "requeue", afterMs: 5_000 },
    },
    "the API server fails": { failure: { kind: "Transient", cause: answer(500) }, next: { kind: "backoff" } },
    "the API server sends Retry-After": {
      failure: { kind: "Transient", cause: answer(429, 3_000) },
      next: { kind: "backoff", atLeastMs: 3_000 },
    },
    "the plan was made from an old version": { failure: { kind: "Conflict" }, next: { kind: "now" } },
    "the status was computed from an old version": { unwritten: { error: answer(409) }, next: { kind: "now" } },
    "the status could not be written, which matters most": {
      failure: stalled,
      unwritten: { error: answer(503, 1_000) },
      next: { kind: "backoff", atLeastMs: 1_000 },
    },
    "the status is held": { unwritten: { heldMs: 500 }, next: { kind: "requeue", afterMs: 500 } },
    "the status is held longer than the failure": {
      failure: { kind: "Waiting", reason: "AwaitingRemoval", afterMs: 300, message: "" },
      unwritten: { heldMs: 500 },
      next: { kind: "requeue", afterMs: 300 },
    },
    "the status is held, and the API server fails": {
      failure: { kind: "Transient", cause: answer(500) },
      unwritten: { heldMs: 500 },
      next: { kind: "backoff" },
    },
  };
  for (const [title, { failure, unwritten, next }] of Object.entries(cases)) {
    it(`${title}: ${next.kind}`, () => assert.deepEqual(requeue(failure, unwritten), next));
  }
});
