import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { firstStep, nextStep, type Outcome, type Step } from "./list-watch-state.ts";

const failed = (status: number, reason: string, retryAfterMs?: number): ApiError =>
  new ApiError({ status, reason, message: reason, method: "GET", path: "/", retryAfterMs });

const reset = failed(0, "Unreachable");
const expired = failed(410, "Expired");

/** The n-th failure in a row waits n seconds. */
const backoff = (failures: number): number => failures * 1000;

const listing = (failures = 0, afterMs = 0): Step => ({ do: "list", failures, afterMs });

const watching = (resourceVersion: string, { failures = 0, afterMs = 0, proven = true } = {}): Step => ({
  do: "watch",
  resourceVersion,
  failures,
  afterMs,
  proven,
});

const ended = (resourceVersion: string, livedMs: number, error?: unknown): Outcome =>
  error === undefined ? { of: "watch", resourceVersion, livedMs } : { of: "watch", resourceVersion, livedMs, error };

describe("after a step, a list-watch", () => {
  const cases: readonly [name: string, step: Step, outcome: Outcome, next: Step][] = [
    [
      "watches from where a list ended",
      firstStep,
      { of: "list", resourceVersion: "5" },
      watching("5", { proven: false }),
    ],
    [
      "does not forget failures for a list: the watches may still all fail",
      listing(3, 3000),
      { of: "list", resourceVersion: "5" },
      watching("5", { failures: 3, proven: false }),
    ],
    ["lists again after a failed list, later each time", listing(2), { of: "list", error: reset }, listing(3, 3000)],
    ["begins a list again whose next page has expired", firstStep, { of: "list", error: expired }, listing(1, 1000)],
    [
      "waits with a list as long as it was told, and a little more than others",
      listing(4),
      { of: "list", error: failed(429, "TooManyRequests", 7000) },
      listing(5, 8000),
    ],
    ["resumes at once when the server ends a watch", watching("5"), ended("5", 300_000), watching("5")],
    [
      "resumes at once and from the last event when the server ends a watch that brought something, however short",
      watching("5", { failures: 4, proven: false }),
      ended("6", 10),
      watching("6"),
    ],
    [
      "waits when the server ends watches at once that brought nothing",
      watching("5", { failures: 2 }),
      ended("5", 999),
      watching("5", { failures: 3, afterMs: 3000 }),
    ],
    [
      "resumes at once, but forgets no failure, when a watch lived a little",
      watching("5", { failures: 2, proven: false }),
      ended("5", 1000),
      watching("5", { failures: 2, proven: false }),
    ],
    [
      "resumes a broken watch from its last event, soon if it had brought something",
      watching("5", { failures: 6, proven: false }),
      ended("8", 10, reset),
      watching("8", { failures: 1, afterMs: 1000 }),
    ],
    [
      "resumes a broken watch soon if it had lived long",
      watching("5", { failures: 6, proven: false }),
      ended("5", 10_000, reset),
      watching("5", { failures: 1, afterMs: 1000 }),
    ],
    [
      "resumes a watch that breaks again and again later each time",
      watching("5", { failures: 6 }),
      ended("5", 9999, failed(500, "InternalError")),
      watching("5", { failures: 7, afterMs: 7000 }),
    ],
    [
      "waits with a watch as long as it was told",
      watching("5"),
      ended("5", 0, failed(429, "TooManyRequests", 7000)),
      watching("5", { failures: 1, afterMs: 8000 }),
    ],
    [
      "does not hammer a server that says `Retry-After: 0`",
      watching("5"),
      ended("5", 0, failed(429, "TooManyRequests", 0)),
      watching("5", { failures: 1, afterMs: 1000 }),
    ],
    [
      "lists at once when its place in the history was lost during an outage",
      watching("5", { failures: 12 }),
      ended("5", 0, expired),
      firstStep,
    ],
    [
      "lists at once when the watch that expires had brought something",
      watching("5", { failures: 3, proven: false }),
      ended("7", 5, expired),
      firstStep,
    ],
    [
      "waits when a watch expires right after the list",
      watching("5", { failures: 1, proven: false }),
      ended("5", 5, expired),
      listing(2, 2000),
    ],
    ["takes `Gone` from a proxy for expired", watching("5"), ended("5", 0, failed(410, "Gone")), firstStep],
    [
      "goes on after a fault of our own",
      watching("5"),
      ended("5", 0, new TypeError("a projection failed")),
      watching("5", { failures: 1, afterMs: 1000 }),
    ],
  ];
  for (const [name, step, outcome, next] of cases) {
    it(name, () => assert.deepEqual(nextStep(step, outcome, backoff), next));
  }
});
