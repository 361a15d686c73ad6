import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { toFailure, type Failure, type StalledReason, type WaitingReason } from "./failure.ts";

function apiError(status: number, message: string): ApiError {
  return new ApiError({ status, reason: "", message, method: "POST", path: "/" });
}

describe("why a child was not written", () => {
  const rejects = (message: string): string => `the API server rejects Service a: ${message}`;
  const stalled = (reason: StalledReason, message: string): Failure => ({ kind: "Stalled", reason, message });
  const waiting = (reason: WaitingReason, afterMs: number, message: string): Failure => {
    return { kind: "Waiting", reason, afterMs, message: `Service a: ${message}` };
  };
  const forbidden = 'User "operator" cannot create resource "services"';
  const denied = 'admission webhook "policy" denied the request: no';
  const deniedWithCannot =
    'admission webhook "validate.kyverno.svc" denied the request: User "dev" cannot create resource "services" without a team label';
  const policy =
    "deployments.apps \"a\" is forbidden: ValidatingAdmissionPolicy 'names' with binding 'all' denied request: a name cannot have one letter";
  const ownerRule =
    'deployments.apps "a" is forbidden: cannot set blockOwnerDeletion if an ownerReference refers to a resource you can\'t set finalizers on: , <nil>';
  const overQuota = "exceeded quota: small, requested: services=1, used: services=1, limited: services=1";
  const vanishing = "create not allowed while custom resource definition is terminating";
  const cases: readonly (readonly [status: number, message: string, failure: Failure])[] = [
    [409, "changed", { kind: "Conflict" }],
    [400, "bad", stalled("ChildRejected", rejects("bad"))],
    [413, "large", stalled("ChildRejected", rejects("large"))],
    [422, "invalid", stalled("ChildRejected", rejects("invalid"))],
    [403, forbidden, stalled("Forbidden", rejects(forbidden))],
    [403, denied, stalled("ChildRejected", rejects(denied))],
    [
      403,
      `services "a" is forbidden: ${forbidden}`,
      stalled("Forbidden", rejects(`services "a" is forbidden: ${forbidden}`)),
    ],
    [403, ownerRule, stalled("Forbidden", rejects(ownerRule))],
    [403, deniedWithCannot, stalled("ChildRejected", rejects(deniedWithCannot))],
    [403, policy, stalled("ChildRejected", rejects(policy))],
    [403, overQuota, waiting("QuotaExceeded", 30_000, overQuota)],
    [403, vanishing, waiting("ApiVanishing", 5_000, vanishing)],
  ];
  for (const [status, message, failure] of cases) {
    it(`${status}, ${message}`, () => assert.deepEqual(toFailure(apiError(status, message), "Service a"), failure));
  }

  const retried: readonly (readonly [status: number, message: string])[] = [
    ...[0, 404, 429, 500, 503].map((status) => [status, "later"] as const),
    // Right after the CRDs were installed.
    [403, "cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion"],
  ];
  for (const [status, message] of retried) {
    it(`retries with back-off: ${status}, ${message}`, () => {
      const cause = apiError(status, message);
      assert.deepEqual(toFailure(cause, "Service a"), { kind: "Transient", cause });
    });
  }

  it("rethrows anything but an error of the API server", () => {
    const bug = new TypeError("undefined is not a function");
    assert.throws(() => toFailure(bug, "Service a"), bug);
  });
});
