/** Who is let in. */
import assert from "node:assert/strict";
import { admit, type Crowd } from "./admission.ts";
import { PipelineError } from "../work/pipeline-error.ts";

const queue = { maxDepth: 4, maxWaitMs: 100 };
const calm: Crowd = { draining: false, workers: 2, queued: 0, waitMs: 0 };

/** The kind of the refusal and its Retry-After, or that there was none. */
function verdict(crowd: Crowd): readonly [kind: string, retryAfter?: number] {
  try {
    admit(crowd, queue);
    return ["admitted"];
  } catch (error) {
    assert.ok(error instanceof PipelineError, String(error));
    return [error.kind, error.retryAfter ?? 0];
  }
}

describe("admission", () => {
  const cases: readonly (readonly [title: string, crowd: Partial<Crowd>, verdict: ReturnType<typeof verdict>])[] = [
    ["lets in whoever comes when nothing waits", {}, ["admitted"]],
    ["lets in whoever still has a place and a short wait", { queued: 3, waitMs: 100 }, ["admitted"]],
    ["refuses while draining, whatever else there is", { draining: true, workers: 0 }, ["draining", 1]],
    ["refuses while no worker is ready", { workers: 0, queued: 9 }, ["not-ready", 1]],
    [
      "refuses when the queue is full, with the whole seconds of the wait",
      { queued: 4, waitMs: 2100 },
      ["queue-full", 3],
    ],
    ["refuses a wait that is too long", { queued: 1, waitMs: 101 }, ["queue-full", 1]],
    // What is under way is one large picture: nobody else is in the way of the next one.
    ["lets in the first to wait, however long it takes", { queued: 0, waitMs: 60_000 }, ["admitted"]],
  ];
  for (const [title, crowd, expected] of cases) {
    it(title, () => assert.deepEqual(verdict({ ...calm, ...crowd }), expected));
  }
});
