import assert from "node:assert/strict";
import * as fc from "fast-check";
import { linear, nines, pathThrough, ticks } from "./axis.ts";

describe("ticks", () => {
  const cases: readonly { max: number; about?: number; values: readonly number[] }[] = [
    { max: 0, values: [0, 1] },
    { max: 1, values: [0, 0.5, 1] },
    { max: 18.3, values: [0, 5, 10, 15, 20] },
    { max: 20, values: [0, 5, 10, 15, 20] },
    { max: 0.3, values: [0, 0.1, 0.2, 0.3] },
    { max: 999, values: [0, 500, 1000] },
    { max: 210, about: 3, values: [0, 100, 200, 300] },
    { max: 30, about: 8, values: [0, 5, 10, 15, 20, 25, 30] },
  ];
  for (const { max, about, values } of cases) {
    it(`up to ${max}: ${values.join(" ")}`, () => assert.deepEqual(ticks(max, about), values));
  }

  it("always reach the largest value, with few steps of equal length", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), fc.integer({ min: 2, max: 8 }), (max, about) => {
        const values = ticks(max, about);
        assert.ok((values.at(-1) ?? 0) >= max * 0.999_999);
        assert.ok((values.at(-2) ?? 0) < max, "no empty step on top");
        assert.ok(values.length - 1 <= about + 1, `${values.length} values`);
      }),
    );
  });
});

describe("scales", () => {
  it("linear maps to the range, also in reverse", () => {
    const y = linear(10, 200, 100);
    assert.deepEqual([y(0), y(5), y(10)], [200, 150, 100]);
  });

  it("90, 99 and 99.9 are equally far apart, and values beyond the end are drawn at the end", () => {
    const x = nines(99.9, 0, 300);
    assert.deepEqual(
      [0, 90, 99, 99.9, 100].map((percentile) => Math.round(x(percentile))),
      [0, 100, 200, 300, 300],
    );
  });
});

describe("pathThrough", () => {
  const cases = [
    { name: "no points", points: [], path: "" },
    { name: "one", points: [[1, 2]], path: "M1.0 2.0" },
    {
      name: "a line",
      points: [
        [1, 2],
        [3.149, 4],
      ],
      path: "M1.0 2.0L3.1 4.0",
    },
    { name: "a gap", points: [null, [1, 2], [2, 2], null, null, [5, 6]], path: "M1.0 2.0L2.0 2.0M5.0 6.0" },
  ] as const;
  for (const { name, points, path } of cases) it(name, () => assert.equal(pathThrough(points), path));
});
