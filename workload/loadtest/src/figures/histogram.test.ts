import assert from "node:assert/strict";
import * as fc from "fast-check";
import { LatencyHistogram } from "./histogram.ts";

function histogramOf(latenciesMs: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const ms of latenciesMs) histogram.record(ms);
  return histogram;
}

describe("LatencyHistogram", () => {
  it("returns each percentile within 0.1 % of the exact one", () => {
    const latencies = fc.array(
      fc.integer({ min: 1, max: 3_600_000_000 }).map((us) => us / 1000),
      { minLength: 1, maxLength: 300 },
    );
    fc.assert(
      fc.property(latencies, fc.constantFrom(50, 90, 95, 99, 99.9, 100), (latenciesMs, percentile) => {
        const sorted = latenciesMs.toSorted((a, b) => a - b);
        // HDR histograms use the nearest rank, half a rank up.
        const rank = Math.max(1, Math.floor((sorted.length * percentile) / 100 + 0.5));
        const exact = sorted[rank - 1] ?? Number.NaN;
        const got = histogramOf(latenciesMs).percentile(percentile);
        assert.ok(Math.abs(got - exact) <= exact / 1000 + 1e-9, `${got} for ${exact}`);
      }),
    );
  });

  it("returns the figures of 100 values", () => {
    const figures = histogramOf(Array.from({ length: 100 }, (_, at) => at + 1)).figures();
    assert.deepEqual(
      Object.fromEntries(Object.entries(figures ?? {}).map(([name, ms]) => [name, Math.round(ms * 10) / 10])),
      { mean: 50.5, p50: 50, p90: 90, p95: 95, p99: 99, p999: 100, max: 100 },
    );
  });

  it("has no figures while empty: zero would look like a perfect latency", () => {
    const empty = new LatencyHistogram();
    assert.deepEqual(
      { figures: empty.figures(), curve: empty.curve(), count: empty.count },
      { figures: null, curve: [], count: 0 },
    );
  });

  it("records zero as a microsecond and everything above an hour as an hour", () => {
    const histogram = histogramOf([0, 4_000_000]);
    assert.deepEqual([histogram.percentile(50), histogram.count], [0.001, 2]);
    assert.ok(Math.abs(histogram.max - 3_600_000) <= 3600);
  });

  describe("curve", () => {
    const cases: readonly { responses: number; last: readonly number[] }[] = [
      { responses: 1, last: [100] },
      { responses: 10, last: [80, 90, 100] },
      { responses: 99, last: [97, 98, 100] },
      { responses: 100, last: [98, 99, 100] },
      { responses: 1000, last: [99.8, 99.9, 100] },
      { responses: 10_000, last: [99.98, 99.99, 100] },
    ];
    for (const { responses, last } of cases) {
      it(`of ${responses} responses ends in ${last.join(", ")}`, () => {
        const curve = histogramOf(Array.from({ length: responses }, (_, at) => at + 1)).curve();
        assert.deepEqual(
          curve.slice(-last.length).map(({ percentile }) => percentile),
          last,
        );
        assert.deepEqual(
          curve,
          curve.toSorted((a, b) => a.percentile - b.percentile),
        );
        assert.deepEqual(
          curve.map(({ ms }) => ms),
          curve.map(({ ms }) => ms).toSorted((a, b) => a - b),
        );
      });
    }
  });
});
