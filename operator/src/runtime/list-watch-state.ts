/**
 * Decides the next step of a list-watch from the outcome of the last one.
 *
 *                      ┌──── 410: expired ────┐
 *                      ▼                      │
 *     start ──▶     listing ──── listed ──▶ watching ───┐ the server closed the watch, or it went
 *                    │   ▲                   ▲    ▲     │ silent: resume from the last event
 *             failed └───┘            failed └────┘─────┘
 *
 * Every transition has a delay: none while the watch makes progress, and an increasing one while it does not.
 */
import { ApiError } from "../kube/errors.ts";

export type Step =
  | { readonly do: "list"; readonly afterMs: number; readonly failures: number }
  | {
      readonly do: "watch";
      readonly afterMs: number;
      /** Consecutive failures: each one increases the next delay. */
      readonly failures: number;
      /** That of the last event or bookmark, or of the list. */
      readonly resourceVersion: string;
      /** Whether a watch has worked since the list. If not, listing again may not help against a 410. */
      readonly proven: boolean;
    };

export type Outcome =
  | { readonly of: "list"; readonly resourceVersion: string }
  | { readonly of: "list"; readonly error: unknown }
  /** Without an error, the server closed the watch, or it was silent for too long. */
  | { readonly of: "watch"; readonly resourceVersion: string; readonly livedMs: number; readonly error?: unknown };

export const firstStep: Step = { do: "list", afterMs: 0, failures: 0 };

/** A watch that lasted this long resets the failure count. */
const healthyMs = 10_000;

/** A watch without events that closes sooner than this counts as a failure, as resuming it may loop. */
const briefMs = 1000;

/** `backoff` returns the delay after the n-th consecutive failure, n >= 1. */
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
  // After an outage the server is back, and only our resourceVersion has expired: no reason to wait.
  return proven ? firstStep : { do: "list", ...wait(failures + 1, error, backoff) };
}

function wait(
  failures: number,
  error: unknown,
  backoff: (failures: number) => number,
): { readonly afterMs: number; readonly failures: number } {
  const retryAfterMs = error instanceof ApiError ? error.retryAfterMs : undefined;
  // Never exactly at Retry-After, which every client receives, and never immediately.
  const afterMs = retryAfterMs === undefined ? backoff(failures) : retryAfterMs + backoff(1);
  return { afterMs, failures };
}

/** Whether the resourceVersion or the continue token is older than the API server's history. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}
