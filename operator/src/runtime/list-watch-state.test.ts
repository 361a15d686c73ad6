import assert from "node:assert/strict";
import { ApiError } from "../kube/errors.ts";
import { firstStep, nextStep, type Outcome, type Step } from "./list-watch-state.ts";

const failed = (status: number, reason: string, retryAfterMs?: number): ApiError =>
  new ApiError({ status, reason, message: reason, method: "GET", path: "/", retryAfterMs });

const reset = failed(0, "Unreachable");
const expired = failed(410, "Expired");
/** Of an API server without the feature gate WatchList. */
const invalid = failed(422, "Invalid");

/** n seconds after the n-th consecutive failure. */
const backoff = (failures: number): number => failures * 1000;

const streaming = (failures = 0, afterMs = 0): Step => ({ do: "stream", failures, afterMs });
const listing = (failures = 0, afterMs = 0): Step => ({ do: "list", failures, afterMs });

const watching = (resourceVersion: string, { failures = 0, afterMs = 0, proven = true } = {}): Step => ({
  do: "watch",
  resourceVersion,
  failures,
  afterMs,
  proven,
});

/** From version 5. */
const ended = (resourceVersion: string, livedMs: number, error?: unknown): Outcome => ({
  of: "watch",
  from: "5",
  resourceVersion,
  livedMs,
  ...(error === undefined ? {} : { error }),
});

describe("the next step of a list-watch", () => {
  const cases: Readonly<Record<string, readonly [step: Step, outcome: Outcome, next: Step]>> = {
    "lists immediately when the API server refuses to stream": [
      streaming(2),
      { of: "list", error: invalid },
      listing(2),
    ],
    "lists with back-off when a stream fails otherwise": [streaming(2), { of: "list", error: reset }, listing(3, 3000)],
    "streams with back-off when a list fails, even if the API server refused that before": [
      listing(2),
      { of: "list", error: reset },
      streaming(3, 3000),
    ],
    "streams with back-off when a list is refused": [listing(2), { of: "list", error: invalid }, streaming(3, 3000)],
    "resumes a stream that is closed after its list": [streaming(), ended("6", 10), watching("6")],
    "backs off when the server closes a stream right after its list": [
      streaming(1),
      ended("5", 10),
      watching("5", { failures: 2, afterMs: 2000, proven: false }),
    ],
    "resumes a stream that breaks after its list with back-off, as it breaks repeatedly": [
      streaming(3),
      ended("5", 10, reset),
      watching("5", { failures: 4, afterMs: 4000, proven: false }),
    ],
    "resets the failure count when a stream has worked for long": [
      streaming(3),
      ended("5", 10_000, reset),
      watching("5", { failures: 1, afterMs: 1000 }),
    ],
    "backs off when a stream expires right after its list": [streaming(1), ended("5", 5, expired), streaming(2, 2000)],
    "watches from the resourceVersion of the list": [
      listing(),
      { of: "list", resourceVersion: "5" },
      watching("5", { proven: false }),
    ],
    "keeps the failure count after a list, as the watches may still fail": [
      listing(3, 3000),
      { of: "list", resourceVersion: "5" },
      watching("5", { failures: 3, proven: false }),
    ],
    "restarts a list whose continue token has expired": [listing(), { of: "list", error: expired }, streaming(1, 1000)],
    "waits with a list for Retry-After plus jitter": [
      listing(4),
      { of: "list", error: failed(429, "TooManyRequests", 7000) },
      streaming(5, 8000),
    ],
    "resumes immediately when the server closes a watch": [watching("5"), ended("5", 300_000), watching("5")],
    "resumes immediately from the last event when a watch with events is closed, however short it was": [
      watching("5", { failures: 4, proven: false }),
      ended("6", 10),
      watching("6"),
    ],
    "backs off when the server closes watches without events immediately": [
      watching("5", { failures: 2 }),
      ended("5", 999),
      watching("5", { failures: 3, afterMs: 3000 }),
    ],
    "resumes immediately, but keeps the failure count, after a short watch without events": [
      watching("5", { failures: 2, proven: false }),
      ended("5", 1000),
      watching("5", { failures: 2, proven: false }),
    ],
    "resumes a broken watch from its last event, and resets the failure count when it had events": [
      watching("5", { failures: 6, proven: false }),
      ended("8", 10, reset),
      watching("8", { failures: 1, afterMs: 1000 }),
    ],
    "resets the failure count when a long watch breaks": [
      watching("5", { failures: 6, proven: false }),
      ended("5", 10_000, reset),
      watching("5", { failures: 1, afterMs: 1000 }),
    ],
    "resumes a watch that breaks repeatedly with back-off": [
      watching("5", { failures: 6 }),
      ended("5", 9999, failed(500, "InternalError")),
      watching("5", { failures: 7, afterMs: 7000 }),
    ],
    "waits with a watch for Retry-After plus jitter": [
      watching("5"),
      ended("5", 0, failed(429, "TooManyRequests", 7000)),
      watching("5", { failures: 1, afterMs: 8000 }),
    ],
    "waits although Retry-After is 0": [
      watching("5"),
      ended("5", 0, failed(429, "TooManyRequests", 0)),
      watching("5", { failures: 1, afterMs: 1000 }),
    ],
    "lists immediately when the resourceVersion expired during an outage": [
      watching("5", { failures: 12 }),
      ended("5", 0, expired),
      firstStep,
    ],
    "lists immediately when a watch with events expires": [
      watching("5", { failures: 3, proven: false }),
      ended("7", 5, expired),
      firstStep,
    ],
    "backs off when a watch expires right after the list": [
      watching("5", { failures: 1, proven: false }),
      ended("5", 5, expired),
      streaming(2, 2000),
    ],
    "treats `Gone` from a proxy as expired": [watching("5"), ended("5", 0, failed(410, "Gone")), firstStep],
    "resumes after an exception in the sink": [
      watching("5"),
      ended("5", 0, new TypeError("a projection failed")),
      watching("5", { failures: 1, afterMs: 1000 }),
    ],
  };
  it("is a stream at the start", () => assert.deepEqual(firstStep, streaming()));

  for (const [name, [step, outcome, next]] of Object.entries(cases)) {
    it(name, () => assert.deepEqual(nextStep(step, outcome, backoff), next));
  }
});
