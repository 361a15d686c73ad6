import assert from "node:assert/strict";
import { formats, type PictureFormat } from "../core/picture.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { admit, checkTensors, formatThatHolds, type QueueState } from "./admission.ts";

const limits = { maxDepth: 4, maxWaitMs: 100, maxBytes: 2 ** 20 };
const memory = { pictureBytes: 2 ** 30, bodyBytes: 2 ** 20 };
/** As a model on bytes that doubles the sides needs it. */
const needed = (pixels: number) => (format: PictureFormat) => pixels * (16 + 4 * formats[format].writeBytesPerPixel);
const idle: QueueState = { draining: false, workers: 2, queued: 0, queuedBytes: 0, waitMs: 0 };

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
      ["rejects when the waiting bodies are too many", { queued: 1, queuedBytes: 2 ** 20 + 1 }, ["queue-full", 1]],
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
    assert.equal(formatThatHolds({ width: 8191, height: 5 }, 2, ["webp", "jpeg"], needed(8191 * 5), memory), "webp"));

  it("is the next one if the preferred one cannot", () => {
    // RFC 9649, section 2.5: 14 bits for a side.
    assert.equal(
      formatThatHolds({ width: 9000, height: 1000 }, 2, ["webp", "jpeg"], needed(9000 * 1000), memory),
      "jpeg",
    );
    assert.equal(
      formatThatHolds({ width: 1, height: 40_000 }, 2, ["webp", "jpeg", "png"], needed(40_000), memory),
      "png",
    );
  });

  it("is none if no acceptable one can, with the limits and what to accept", () =>
    assert.throws(
      () => formatThatHolds({ width: 40_000, height: 1 }, 2, ["webp", "jpeg"], needed(40_000), memory),
      new PipelineError(
        "wrong-size",
        "the result would be 80000x2, and of the accepted formats WebP holds 16383, JPEG holds 65500 pixels a side: accept image/png",
      ),
    ));

  // libaom needs 35 bytes for each pixel of the result, libjpeg 2.
  it("is one that takes less memory if the preferred one takes too much", () =>
    assert.equal(
      formatThatHolds({ width: 4000, height: 2500 }, 2, ["avif", "jpeg"], needed(4000 * 2500), memory),
      "jpeg",
    ));

  it("is none if the memory is too small for all, with what to change", () => {
    const phone = { width: 8192, height: 6144 };
    assert.throws(
      () => formatThatHolds(phone, 2, ["png"], needed(8192 * 6144), memory),
      new PipelineError(
        "too-large",
        "the request needs about 1920 MiB of memory, and the container has 1024 MiB for pictures: send less, accept image/jpeg, or raise its memory (GpuMediaService: resources.limits.memory)",
      ),
    );
    assert.equal(
      formatThatHolds(phone, 2, ["png", "jpeg"], needed(8192 * 6144), { ...memory, pictureBytes: 1400 * 2 ** 20 }),
      "jpeg",
    );
  });
});

describe("tensors", () => {
  const tensor = { name: "image", type: "uint8", shape: [2, 100, 50, 3], bytes: new Uint8Array() } as const;

  it("may have as many pixels as pictures", () => checkTensors([tensor], 10_000));

  it("are rejected beyond the limit, whose field is named", () =>
    assert.throws(
      () => checkTensors([tensor], 9999),
      new PipelineError(
        "too-large",
        "tensor image is [2, 100, 50, 3], 10000 pixels, limit 9999 pixels: send less, or raise limits.pixels (GpuMediaService: processing.limits.pixels)",
      ),
    ));
});
