/** When a service is reconciled again, from the result of the last reconcile. Pure. */
import type { Failure } from "../plan/failure.ts";
import { backoffAfter, type Next } from "../runtime/workers.ts";
import type { Unwritten } from "./write-status.ts";

/** `recheckMs`: when to decide again although nothing has failed. */
export function requeue(failure: Failure | undefined, unwritten: Unwritten, recheckMs = Infinity): Next {
  if (unwritten === undefined) return notLaterThan(recheckMs, afterFailure(failure));
  if ("heldMs" in unwritten) return notLaterThan(Math.min(unwritten.heldMs, recheckMs), afterFailure(failure));
  const { error } = unwritten;
  return error.status === 409 ? { kind: "now" } : backoffAfter(error);
}

function notLaterThan(afterMs: number, next: Next): Next {
  if (afterMs === Infinity) return next;
  if (next.kind === "done") return { kind: "requeue", afterMs };
  return next.kind === "requeue" ? { kind: "requeue", afterMs: Math.min(afterMs, next.afterMs) } : next;
}

function afterFailure(failure: Failure | undefined): Next {
  switch (failure?.kind) {
    case undefined:
      return { kind: "done" };
    case "Stalled":
      return failure.afterMs === undefined ? { kind: "done" } : { kind: "requeue", afterMs: failure.afterMs };
    case "Waiting":
      return { kind: "requeue", afterMs: failure.afterMs };
    case "Transient":
      return backoffAfter(failure.cause);
    case "Conflict":
      return { kind: "now" };
  }
}
