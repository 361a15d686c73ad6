import assert from "node:assert/strict";
import { batchCapacity, runLengths, runSize } from "./grouping.ts";

describe("the size of a batch", () => {
  const limits = { maxSize: 8, maxPixels: 1000 };
  for (const [pixels, expected] of [
    [1, 8],
    [200, 5],
    [999, 1],
    [5000, 1],
  ] as const) {
    it(`is ${expected} for jobs of ${pixels} pixels`, () => assert.equal(batchCapacity(pixels, limits), expected));
  }
});

describe("the size of a run", () => {
  it("is limited by the cache on a CPU, by memory on a GPU, and is at least one", () => {
    const pixels = [64 * 64, 224 * 224, 4096 * 4096];
    assert.deepEqual(
      pixels.map((each) => [runSize(each, "cpu"), runSize(each, "cuda")]),
      [
        [16, 8192],
        [1, 668],
        [1, 2],
      ],
    );
  });
});

describe("runs of a batch", () => {
  it("are as large as allowed, the last one smaller", () => {
    assert.deepEqual(runLengths(7, 3, false), [3, 3, 1]);
    assert.deepEqual(runLengths(2, 0, false), [1, 1]);
  });

  it("have few different lengths where each new shape costs time", () => {
    assert.deepEqual(runLengths(7, 8, true), [4, 2, 1]);
    assert.deepEqual(runLengths(8, 6, true), [4, 4]);
  });
});
