import assert from "node:assert/strict";
import { bucketPercentile, percentile } from "./percentile.ts";

describe("percentiles", () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
  const cases: readonly (readonly [readonly number[], fraction: number, expected: number])[] = [
    [hundred, 0.5, 50],
    [hundred, 0.99, 99],
    [hundred, 1, 100],
    [[7], 0.5, 7],
    [[1, 1000], 0.5, 1],
    [[], 0.5, Number.NaN],
  ];
  for (const [values, fraction, expected] of cases) {
    it(`${fraction} of ${values.length} values`, () => assert.deepEqual(percentile(values, fraction), expected));
  }

  it("of buckets are the bound of the bucket that they are in", () => {
    const buckets = [
      [Infinity, 100],
      [0.01, 98],
      [0.005, 50],
    ] as const;
    const at = [0.5, 0.9, 0.99].map((fraction) => bucketPercentile(buckets, fraction));
    assert.deepEqual(at, [0.005, 0.01, Infinity]);
    assert.deepEqual(bucketPercentile([[0.005, 0]], 0.5), Number.NaN);
  });
});
