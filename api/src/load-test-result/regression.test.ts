import assert from "node:assert/strict";
import { formatMetric } from "./metrics.ts";
import { compareFigures, comparedFigures, regressionReasons, type ComparedFigures } from "./regression.ts";
import type { LoadTestRegression } from "./schema.ts";

type Row = LoadTestRegression["rows"][number];
type RowValues = readonly [before: number | null, now: number | null, changePercent: number | null, worse: boolean];

const before: ComparedFigures = { p50: 10, p95: 20, rps: 100, errors: 1, rejected: 0 };

const unchanged: Readonly<Record<keyof ComparedFigures, RowValues>> = {
  p50: [10, 10, 0, false],
  p95: [20, 20, 0, false],
  rps: [100, 100, 0, false],
  errors: [1, 1, 0, false],
  rejected: [0, 0, null, false],
};

function rowsWith(changed: Partial<typeof unchanged>): readonly Row[] {
  return Object.entries({ ...unchanged, ...changed }).map(([metric, [was, now, changePercent, worse]]) => ({
    metric: metric as Row["metric"],
    before: was,
    now,
    changePercent,
    worse,
  }));
}

describe("comparedFigures", () => {
  it("reads the metrics that repeat from run to run", () => {
    const latencyMs = { mean: 11, p50: 10, p90: 15, p95: 20, p99: 30, p999: 60, max: 90 };
    const figures = { requestsPerSecond: 100, errorPercent: 1, rejectedPercent: 0, latencyMs };
    assert.deepEqual(comparedFigures(figures), before);
    assert.deepEqual(comparedFigures({ ...figures, latencyMs: null }), { ...before, p50: null, p95: null });
  });
});

describe("compareFigures, tolerance 10 %", () => {
  interface Case {
    before?: Partial<ComparedFigures>;
    now: Partial<ComparedFigures>;
    changed: Partial<typeof unchanged>;
  }
  const cases: Readonly<Record<string, Case>> = {
    "the same": { now: {}, changed: {} },
    "slower within the tolerance": { now: { p95: 22 }, changed: { p95: [20, 22, 10, false] } },
    "slower beyond it": { now: { p95: 23 }, changed: { p95: [20, 23, 15, true] } },
    "much faster": { now: { p50: 1 }, changed: { p50: [10, 1, -90, false] } },
    "fewer responses per second within it": { now: { rps: 90 }, changed: { rps: [100, 90, -10, false] } },
    "fewer responses per second beyond it": { now: { rps: 75 }, changed: { rps: [100, 75, -25, true] } },
    "more responses per second": { now: { rps: 150 }, changed: { rps: [100, 150, 50, false] } },
    "a first rejection": { now: { rejected: 0.5 }, changed: { rejected: [0, 0.5, null, true] } },
    "fewer errors": { now: { errors: 0 }, changed: { errors: [1, 0, -100, false] } },
    "nothing accepted now": {
      now: { p50: null, p95: null },
      changed: { p50: [10, null, null, true], p95: [20, null, null, true] },
    },
    "nothing accepted then": {
      before: { p50: null, p95: null },
      now: {},
      changed: { p50: [null, 10, null, false], p95: [null, 20, null, false] },
    },
  };
  for (const [name, { before: was, now, changed }] of Object.entries(cases)) {
    it(name, () => {
      assert.deepEqual(compareFigures({ ...before, ...was }, { ...before, ...now }, 10), rowsWith(changed));
    });
  }

  it("reports the slightest regression without a tolerance", () => {
    const worse = compareFigures(before, { ...before, rps: 99.9 }, 0).map((row) => row.worse);
    assert.deepEqual(worse, [false, false, true, false, false]);
  });
});

describe("regressionReasons", () => {
  it("states each metric that is worse, with its unit", () => {
    const rows = compareFigures(before, { ...before, p50: null, p95: 2300, rps: 80.25, rejected: 0.5 }, 10);
    assert.deepEqual(regressionReasons({ against: "before.json", tolerancePercent: 10, rows }), [
      "p50 none, was 10 ms in before.json, tolerance 10 %",
      "p95 2.3 s, was 20 ms in before.json, tolerance 10 %",
      "rps 80.3/s, was 100/s in before.json, tolerance 10 %",
      "rejected 0.5 %, was 0 % in before.json, tolerance 10 %",
    ]);
  });

  it("is empty for a run within the tolerance", () => {
    const rows = compareFigures(before, { ...before, p95: 22 }, 10);
    assert.deepEqual(regressionReasons({ against: "before.json", tolerancePercent: 10, rows }), []);
  });
});

describe("formatMetric", () => {
  const cases = [
    [formatMetric("p99.9", 12.345), "12.3 ms"],
    [formatMetric("errors", 0.1), "0.1 %"],
    [formatMetric("rps", 950.4), "950/s"],
    [formatMetric("p95", null), "none"],
  ] as const;
  for (const [actual, expected] of cases) it(expected, () => assert.equal(actual, expected));
});
