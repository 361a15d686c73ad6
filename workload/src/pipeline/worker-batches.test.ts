import assert from "node:assert/strict";
import type { PictureFormat } from "../core/picture.ts";
import type { Job } from "./job.ts";
import { WorkerBatches } from "./worker-batches.ts";
import type { PoolWorker } from "./worker-pool.ts";

function job(format: PictureFormat, width: number): Job {
  const header = {
    format,
    width,
    height: 8,
    orientation: 1,
    frames: null,
    simpleJpeg: true,
    end: 0,
    isEmpty: false,
  } as const;
  const request = { kind: "picture", header, shape: `${width}x8`, pixels: width * 8, bytes: new Uint8Array() } as const;
  const times = { timeoutMs: 1000, acceptedAt: 0, dispatchedAt: 0, memoryBytes: 1 };
  return { ...request, ...times, id: 0, options: { format: "jpeg", quality: 85 }, settle: () => undefined };
}

describe("a worker's first batch of a kind", () => {
  const worker: PoolWorker = { id: 0, threadId: 1, send: () => undefined, giveUp: () => undefined };
  let batches: WorkerBatches;
  const isFirst = (...jobs: Job[]): boolean | undefined => {
    batches.send(worker, jobs);
    return batches.finish(worker, 1)?.isFirst;
  };
  beforeEach(() => {
    batches = new WorkerBatches("cpu");
    batches.addWorker(worker);
  });

  it("is one of a new size", () =>
    assert.deepEqual([isFirst(job("jpeg", 8)), isFirst(job("jpeg", 8)), isFirst(job("jpeg", 9))], [true, false, true]));

  // Four JPEGs, then 64 PNGs of their size at once: the first PNG loaded libvips, and 50 of the others got 503.
  it("is one with a picture of a new format, whatever the first picture's", () =>
    assert.deepEqual(
      [isFirst(job("jpeg", 8)), isFirst(job("jpeg", 8), job("png", 8)), isFirst(job("png", 8))],
      [true, true, false],
    ));

  it("is none after sixteen kinds, so that pictures of ever new sizes are measured", () => {
    for (let width = 1; width <= 16; width++) assert.equal(isFirst(job("jpeg", width)), true);
    assert.equal(isFirst(job("jpeg", 17)), false);
  });
});
