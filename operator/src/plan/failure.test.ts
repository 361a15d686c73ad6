import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { toFailure, type Failure } from "./failure.ts";

function refused(status: number, message: string): ApiError {
  return new ApiError({ status, reason: "", message, method: "POST", path: "/" });
}

describe("why a child was not written", () => {
  const rejected = (message: string): Failure => ({ kind: "Stalled", reason: "ChildRejected", message });
  const cases: { readonly status: number; readonly says: string; readonly failure: Failure }[] = [
    { status: 409, says: "changed", failure: { kind: "Conflict" } },
    { status: 400, says: "bad", failure: rejected("the API server rejects Service a: bad") },
    { status: 413, says: "large", failure: rejected("the API server rejects Service a: large") },
    { status: 422, says: "invalid", failure: rejected("the API server rejects Service a: invalid") },
    {
      status: 403,
      says: 'User "operator" cannot create resource "services"',
      failure: {
        kind: "Stalled",
        reason: "Forbidden",
        message: 'the API server rejects Service a: User "operator" cannot create resource "services"',
      },
    },
    {
      status: 403,
      says: 'admission webhook "policy" denied the request: no',
      failure: rejected('the API server rejects Service a: admission webhook "policy" denied the request: no'),
    },
    {
      status: 403,
      says: "exceeded quota: small, requested: services=1, used: services=1, limited: services=1",
      failure: {
        kind: "Waiting",
        reason: "QuotaExceeded",
        afterMs: 30_000,
        message: "Service a: exceeded quota: small, requested: services=1, used: services=1, limited: services=1",
      },
    },
    {
      status: 403,
      says: "create not allowed while custom resource definition is terminating",
      failure: {
        kind: "Waiting",
        reason: "ApiVanishing",
        afterMs: 5_000,
        message: "Service a: create not allowed while custom resource definition is terminating",
      },
    },
  ];
  it("tries again while admission does not know our kind yet: a service made right after the CRDs", () => {
    const cause = refused(
      403,
      "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion",
    );
    assert.deepEqual(toFailure(cause, "Service a"), { kind: "Transient", cause });
  });
  for (const { status, says, failure } of cases) {
    it(`${status}, ${says}`, () => assert.deepEqual(toFailure(refused(status, says), "Service a"), failure));
  }

  for (const status of [0, 404, 429, 500, 503]) {
    it(`${status} passes`, () => {
      const cause = refused(status, "later");
      assert.deepEqual(toFailure(cause, "Service a"), { kind: "Transient", cause });
    });
  }

  it("what the API server has not answered is a bug of ours", () => {
    const bug = new TypeError("undefined is not a function");
    assert.throws(() => toFailure(bug, "Service a"), bug);
  });
});
