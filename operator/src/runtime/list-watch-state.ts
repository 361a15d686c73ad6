/**
 * What a list-watch does next, from how its last step ended.
 *
 *                      ┌──── 410: too old ────┐
 *                      ▼                      │
 *     start ──▶     listing ──── listed ──▶ watching ───┐ the server ended the watch, or it fell
 *                    │   ▲                   ▲    ▲     │ silent: resume from the last event
 *             failed └───┘            failed └────┘─────┘
 *
 * Every arrow takes a wait with it: none when all is well, longer and longer while nothing is gained.
 */
import { ApiError } from "../kube/errors.ts";

export type Step =
  | { readonly do: "list"; readonly afterMs: number; readonly failures: number }
  | {
      readonly do: "watch";
      readonly afterMs: number;
      /** Failures in a row: each makes the next wait longer. */
      readonly failures: number;
      /** Of the last event or bookmark, or of the list. */
      readonly resourceVersion: string;
      /** Has a watch worked since the list? If not, a 410 means that listing again may not help either. */
      readonly proven: boolean;
    };

export type Outcome =
  | { readonly of: "list"; readonly resourceVersion: string }
  | { readonly of: "list"; readonly error: unknown }
  /** Without an error the server ended the watch, or nothing came from it for too long. */
  | { readonly of: "watch"; readonly resourceVersion: string; readonly livedMs: number; readonly error?: unknown };

export const firstStep: Step = { do: "list", afterMs: 0, failures: 0 };

/** After a watch has lived for so long, failures before it no longer count. */
const healthyMs = 10_000;

/** A watch that ends sooner than this and brought nothing may be ended again at once, and again. */
const briefMs = 1000;

/** `backoff` is the wait after the n-th failure in a row, n >= 1. */
export function nextStep(step: Step, outcome: Outcome, backoff: (failures: number) => number): Step {
  if (outcome.of === "list") {
    if ("error" in outcome) return { do: "list", ...wait(step.failures + 1, outcome.error, backoff) };
    const { resourceVersion } = outcome;
    return { do: "watch", afterMs: 0, failures: step.failures, resourceVersion, proven: false };
  }
  const { resourceVersion, livedMs, error } = outcome;
  const advanced = step.do === "watch" && resourceVersion !== step.resourceVersion;
  const healthy = advanced || livedMs >= healthyMs;
  const proven = healthy || (step.do === "watch" && step.proven);
  const failures = healthy ? 0 : step.failures;
  if (error === undefined) {
    const resumed = advanced || livedMs >= briefMs ? { afterMs: 0, failures } : wait(failures + 1, error, backoff);
    return { do: "watch", ...resumed, resourceVersion, proven };
  }
  if (!isExpired(error)) return { do: "watch", ...wait(failures + 1, error, backoff), resourceVersion, proven };
  // After an outage the server is back, and only our place in its history is lost: no reason to wait.
  return proven ? firstStep : { do: "list", ...wait(failures + 1, error, backoff) };
}

function wait(
  failures: number,
  error: unknown,
  backoff: (failures: number) => number,
): { readonly afterMs: number; readonly failures: number } {
  const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined;
  // Never at the very moment that the server names, which it names to everybody, and never at once.
  const afterMs = retryAfterMs === undefined ? backoff(failures) : retryAfterMs + backoff(1);
  return { afterMs, failures };
}

/** The resourceVersion, or the token of the next page, is older than what the API server remembers. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}
