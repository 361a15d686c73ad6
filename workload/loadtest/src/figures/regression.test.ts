import assert from "node:assert/strict";
import type { LoadDescription } from "../result/result.ts";
import { load } from "../testing/results.ts";
import { type RegressionRow, compareFigures, whyNotComparable } from "./regression.ts";
import type { Figures } from "./thresholds.ts";

const before: Figures = {
  requestsPerSecond: 100,
  errorPercent: 1,
  rejectedPercent: 0,
  latencyMs: { mean: 11, p50: 10, p90: 15, p95: 20, p99: 30, p999: 60, max: 90 },
};

function row(
  metric: RegressionRow["metric"],
  was: number | null,
  is: number | null,
  changePercent: number | null,
  worse: boolean,
): RegressionRow {
  return { metric, before: was, now: is, changePercent, worse };
}

const same = [
  row("p50", 10, 10, 0, false),
  row("p95", 20, 20, 0, false),
  row("rps", 100, 100, 0, false),
  row("errors", 1, 1, 0, false),
  row("rejected", 0, 0, null, false),
];

/** `same` with one row replaced. */
function but(changed: RegressionRow): RegressionRow[] {
  return same.map((one) => (one.metric === changed.metric ? changed : one));
}

describe("compareFigures, tolerance 10 %", () => {
  const cases: readonly {
    name: string;
    before?: Partial<Figures>;
    now: Partial<Figures>;
    rows: readonly RegressionRow[];
  }[] = [
    { name: "the same", now: {}, rows: same },
    {
      name: "slower within the tolerance",
      now: { latencyMs: { ...before.latencyMs, p95: 22 } as Figures["latencyMs"] },
      rows: but(row("p95", 20, 22, 10, false)),
    },
    {
      name: "slower beyond it",
      now: { latencyMs: { ...before.latencyMs, p95: 23 } as Figures["latencyMs"] },
      rows: but(row("p95", 20, 23, 15, true)),
    },
    {
      name: "faster, however much",
      now: { latencyMs: { ...before.latencyMs, p50: 1 } as Figures["latencyMs"] },
      rows: but(row("p50", 10, 1, -90, false)),
    },
    {
      name: "fewer answers per second within it",
      now: { requestsPerSecond: 90 },
      rows: but(row("rps", 100, 90, -10, false)),
    },
    { name: "fewer beyond it", now: { requestsPerSecond: 75 }, rows: but(row("rps", 100, 75, -25, true)) },
    { name: "more answers per second", now: { requestsPerSecond: 150 }, rows: but(row("rps", 100, 150, 50, false)) },
    {
      name: "any rejection where there was none",
      now: { rejectedPercent: 0.5 },
      rows: but(row("rejected", 0, 0.5, null, true)),
    },
    { name: "fewer errors", now: { errorPercent: 0 }, rows: but(row("errors", 1, 0, -100, false)) },
    {
      name: "nothing accepted now",
      now: { latencyMs: null },
      rows: [row("p50", 10, null, null, true), row("p95", 20, null, null, true), ...same.slice(2)],
    },
    {
      name: "nothing accepted then",
      before: { latencyMs: null },
      now: {},
      rows: [row("p50", null, 10, null, false), row("p95", null, 20, null, false), ...same.slice(2)],
    },
  ];
  for (const { name, before: was, now, rows } of cases) {
    it(name, () => assert.deepEqual(compareFigures({ ...before, ...was }, { ...before, ...now }, 10), rows));
  }

  it("without tolerance nothing may be worse", () => {
    const worse = compareFigures(before, { ...before, requestsPerSecond: 99.9 }, 0).filter((one) => one.worse);
    assert.deepEqual(
      worse.map(({ metric }) => metric),
      ["rps"],
    );
  });
});

describe("whyNotComparable", () => {
  const cases: readonly { name: string; now: Partial<LoadDescription>; reason: string | null }[] = [
    { name: "the same load", now: {}, reason: null },
    { name: "a longer run", now: { requests: 1000, durationSeconds: 60 }, reason: null },
    { name: "more at a time", now: { concurrency: 50 }, reason: "concurrency was 10, is 50" },
    { name: "an open loop", now: { ratePerSecond: 100 }, reason: "rate was closed loop, is 100/s" },
    { name: "other pictures", now: { picturesDigest: "cd" }, reason: "the pictures sent are not the same" },
  ];
  for (const { name, now, reason } of cases) {
    it(`${name}: ${reason ?? "comparable"}`, () => assert.equal(whyNotComparable(load, { ...load, ...now }), reason));
  }
});
