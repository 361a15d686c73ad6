/** When a service wants to be looked at again, from how the pass over it ended. */
import type { ApiError } from "../kube/errors.ts";
import type { Failure } from "../plan/failure.ts";
import type { Next } from "../runtime/workers.ts";

/** `statusError`: the status could not be written. */
export function nextVisit(failure: Failure | undefined, statusError: ApiError | undefined): Next {
  if (statusError !== undefined) return statusError.status === 409 ? { kind: "now" } : backoff(statusError);
  switch (failure?.kind) {
    case undefined:
      return { kind: "done" };
    case "Stalled":
      return failure.afterMs === undefined ? { kind: "done" } : { kind: "again", afterMs: failure.afterMs };
    case "Waiting":
      return { kind: "again", afterMs: failure.afterMs };
    case "Transient":
      return backoff(failure.cause);
    case "Conflict":
      return { kind: "now" };
  }
}

function backoff({ retryAfterMs }: ApiError): Next {
  return { kind: "backoff", ...(retryAfterMs === undefined ? {} : { atLeastMs: retryAfterMs }) };
}
