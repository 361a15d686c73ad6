/**
 * Decides the next step of a list-watch from the outcome of the last one.
 *
 *                  ┌─────────── 410: expired ───────────┐
 *                  ▼                                    │
 *     start ──▶ streaming ──────── listed ────────▶ watching ◀──┐ the server closed the watch, or it went silent
 *                 │  ▲                                ▲  └──────┘ or failed: resume from the last event
 *       failed or │  │ failed                         │
 *         refused ▼  │                                │
 *               listing ────────── listed ────────────┘
 *
 * A failed stream is followed by a list in pages, and a failed list by a stream: whatever one of them fails at, such as a
 * proxy that cuts long responses, may not concern the other.
 *
 * Every transition has a delay: none while the watch makes progress, and an increasing one while it does not.
 */
import { ApiError } from "../kube/errors.ts";

export type Step =
  /** Lists by a watch that begins with all objects, and goes on with their changes. */
  | { readonly do: "stream"; readonly afterMs: number; readonly failures: number }
  /** Lists in pages. */
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
  /** Of a list in pages, or of a stream before all objects had arrived. */
  | { readonly of: "list"; readonly error: unknown }
  /** Without an error, the server closed the watch, or it was silent for too long. */
  | {
      readonly of: "watch";
      /** The resourceVersion at its start, or of the list that it began with. */
      readonly from: string;
      /** That of the last event or bookmark. */
      readonly resourceVersion: string;
      /** Since its start, or since the list. */
      readonly livedMs: number;
      readonly error?: unknown;
    };

export const firstStep: Step = { do: "stream", afterMs: 0, failures: 0 };

/** A watch that lasted this long resets the failure count. */
const healthyMs = 10_000;

/** A watch without events that closes sooner than this counts as a failure, as resuming it may loop. */
const briefMs = 1000;

/** `backoff` returns the delay after the n-th consecutive failure, n >= 1. */
export function nextStep(step: Step, outcome: Outcome, backoff: (failures: number) => number): Step {
  if (outcome.of === "list") {
    if ("error" in outcome) return afterFailedList(step, outcome.error, backoff);
    const { resourceVersion } = outcome;
    return { do: "watch", afterMs: 0, failures: step.failures, resourceVersion, proven: false };
  }
  const { from, resourceVersion, livedMs, error } = outcome;
  const advanced = resourceVersion !== from;
  const healthy = advanced || livedMs >= healthyMs;
  const proven = healthy || (step.do === "watch" && step.proven);
  const failures = healthy ? 0 : step.failures;
  if (error === undefined) {
    const resumed = advanced || livedMs >= briefMs ? { afterMs: 0, failures } : wait(failures + 1, error, backoff);
    return { do: "watch", ...resumed, resourceVersion, proven };
  }
  if (!isExpired(error)) return { do: "watch", ...wait(failures + 1, error, backoff), resourceVersion, proven };
  // After an outage the server is back, and only our resourceVersion has expired: no reason to wait.
  return proven ? firstStep : { do: "stream", ...wait(failures + 1, error, backoff) };
}

function afterFailedList(step: Step, error: unknown, backoff: (failures: number) => number): Step {
  if (step.do !== "stream") return { do: "stream", ...wait(step.failures + 1, error, backoff) };
  // A refusal is no trouble: API servers of this version have always been listed in pages.
  if (refusesStream(error)) return { do: "list", afterMs: 0, failures: step.failures };
  return { do: "list", ...wait(step.failures + 1, error, backoff) };
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

/**
 * Whether the API server does not stream lists: without the feature gate WatchList, it answers 422. The gate is on by
 * default in Kubernetes 1.32 and since 1.34.
 *
 * @see https://kubernetes.io/docs/reference/command-line-tools-reference/feature-gates/
 */
export function refusesStream(error: unknown): boolean {
  return error instanceof ApiError && error.status === 422;
}
