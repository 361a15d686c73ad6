import assert from "node:assert/strict";
import { batchCapacity, runSize, strips } from "./grouping.ts";

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

describe("strips", () => {
  it("are one for a small picture", () => {
    assert.deepEqual(strips(320, 320, 4), [{ kept: { from: 0, to: 320 }, input: { from: 0, to: 320 } }]);
  });

  it("overlap by the receptive radius, except at the borders of the picture", () => {
    assert.deepEqual(strips(1024, 250, 4), [
      { kept: { from: 0, to: 83 }, input: { from: 0, to: 87 } },
      { kept: { from: 83, to: 166 }, input: { from: 79, to: 170 } },
      { kept: { from: 166, to: 250 }, input: { from: 162, to: 250 } },
    ]);
  });

  it("have about 64 rows or more, however wide the picture", () => {
    assert.deepEqual(
      strips(100_000, 128, 0).map(({ kept }) => kept.to - kept.from),
      [64, 64],
    );
  });
});
