import assert from "node:assert/strict";
import { PipelineError } from "../work/pipeline-error.ts";
import { admit, formatThatHolds, type QueueState } from "./admission.ts";

const limits = { maxDepth: 4, maxWaitMs: 100 };
const idle: QueueState = { draining: false, workers: 2, queued: 0, waitMs: 0 };

/** The kind of the error and its Retry-After, or "admitted". */
function verdict(state: QueueState): readonly [kind: string, retryAfter?: number] {
  try {
    admit(state, limits);
    return ["admitted"];
  } catch (error) {
    assert.ok(error instanceof PipelineError, String(error));
    return [error.kind, error.retryAfter ?? 0];
  }
}

describe("admission", () => {
  const cases: readonly (readonly [title: string, state: Partial<QueueState>, verdict: ReturnType<typeof verdict>])[] =
    [
      ["admits a request while nothing waits", {}, ["admitted"]],
      ["admits a request within both limits", { queued: 3, waitMs: 100 }, ["admitted"]],
      ["rejects while draining, even without a worker", { draining: true, workers: 0 }, ["draining", 1]],
      ["rejects while no worker is ready", { workers: 0, queued: 9 }, ["not-ready", 1]],
      ["rejects when the queue is full, to retry after the wait", { queued: 4, waitMs: 2100 }, ["queue-full", 3]],
      ["rejects when the wait is too long", { queued: 1, waitMs: 101 }, ["queue-full", 1]],
      // One large picture is being processed: the next request is the first in the queue.
      ["admits the first to wait, however long the wait", { queued: 0, waitMs: 60_000 }, ["admitted"]],
    ];
  for (const [title, state, expected] of cases) {
    it(title, () => assert.deepEqual(verdict({ ...idle, ...state }), expected));
  }
});

describe("the format that is chosen before the work", () => {
  it("is the preferred one if it can hold the result", () =>
    assert.equal(formatThatHolds({ width: 8191, height: 5 }, 2, ["webp", "jpeg"]), "webp"));

  it("is the next one if the preferred one cannot", () => {
    // RFC 9649, section 2.5: 14 bits for a side.
    assert.equal(formatThatHolds({ width: 9000, height: 1000 }, 2, ["webp", "jpeg"]), "jpeg");
    assert.equal(formatThatHolds({ width: 1, height: 40_000 }, 2, ["webp", "jpeg", "png"]), "png");
  });

  it("is none if no acceptable one can, with the limits and what to accept", () =>
    assert.throws(
      () => formatThatHolds({ width: 40_000, height: 1 }, 2, ["webp", "jpeg"]),
      new PipelineError(
        "wrong-size",
        "the result would be 80000x2, and of the accepted formats WebP holds 16383, JPEG holds 65500 pixels a side: accept image/png",
      ),
    ));
});
