import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { toFailure, type Failure } from "./failure.ts";

function apiError(status: number, message: string): ApiError {
  return new ApiError({ status, reason: "", message, method: "POST", path: "/" });
}

describe("why a child was not written", () => {
  const rejected = (message: string): Failure => ({ kind: "Stalled", reason: "ChildRejected", message });
  const cases: { readonly status: number; readonly message: string; readonly failure: Failure }[] = [
    { status: 409, message: "changed", failure: { kind: "Conflict" } },
    { status: 400, message: "bad", failure: rejected("the API server rejects Service a: bad") },
    { status: 413, message: "large", failure: rejected("the API server rejects Service a: large") },
    { status: 422, message: "invalid", failure: rejected("the API server rejects Service a: invalid") },
    {
      status: 403,
      message: 'User "operator" cannot create resource "services"',
      failure: {
        kind: "Stalled",
        reason: "Forbidden",
        message: 'the API server rejects Service a: User "operator" cannot create resource "services"',
      },
    },
    {
      status: 403,
      message: 'admission webhook "policy" denied the request: no',
      failure: rejected('the API server rejects Service a: admission webhook "policy" denied the request: no'),
    },
    {
      status: 403,
      message: "exceeded quota: small, requested: services=1, used: services=1, limited: services=1",
      failure: {
        kind: "Waiting",
        reason: "QuotaExceeded",
        afterMs: 30_000,
        message: "Service a: exceeded quota: small, requested: services=1, used: services=1, limited: services=1",
      },
    },
    {
      status: 403,
      message: "create not allowed while custom resource definition is terminating",
      failure: {
        kind: "Waiting",
        reason: "ApiVanishing",
        afterMs: 5_000,
        message: "Service a: create not allowed while custom resource definition is terminating",
      },
    },
  ];
  it("retries while admission does not know the kind of the owner yet, right after the CRDs were installed", () => {
    const cause = apiError(
      403,
      "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion",
    );
    assert.deepEqual(toFailure(cause, "Service a"), { kind: "Transient", cause });
  });
  for (const { status, message, failure } of cases) {
    it(`${status}, ${message}`, () => assert.deepEqual(toFailure(apiError(status, message), "Service a"), failure));
  }

  for (const status of [0, 404, 429, 500, 503]) {
    it(`retries ${status} with back-off`, () => {
      const cause = apiError(status, "later");
      assert.deepEqual(toFailure(cause, "Service a"), { kind: "Transient", cause });
    });
  }

  it("rethrows anything but an error of the API server", () => {
    const bug = new TypeError("undefined is not a function");
    assert.throws(() => toFailure(bug, "Service a"), bug);
  });
});
