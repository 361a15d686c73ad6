/** Latency distributions: HDR histograms of whole microseconds, three digits exact, one hour at most. */
import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { LoadTestFigures, MeasuredResult } from "@gpumedia/api/src/load-test-client.ts";

const hourUs = 3_600_000_000;

/** Percentiles in milliseconds; each is right to 0.1 %, the resolution of the histogram. */
export type LatencyFigures = NonNullable<LoadTestFigures["latencyMs"]>;

/** A point of the latency curve: `percentile` (0-100) of the responses took at most `ms`. */
export type CurvePoint = NonNullable<MeasuredResult["details"]>["curve"][number];

export class LatencyHistogram {
  readonly #histogram: RecordableHistogram = createHistogram({ lowest: 1, highest: hourUs, figures: 3 });

  record(ms: number): void {
    this.#histogram.record(Math.min(hourUs, Math.max(1, Math.round(ms * 1000))));
  }

  get count(): number {
    return this.#histogram.count;
  }

  /** Milliseconds at a percentile in (0, 100]; undefined behaviour while nothing is recorded. */
  percentile(percentile: number): number {
    return this.#histogram.percentile(percentile) / 1000;
  }

  get mean(): number {
    return this.#histogram.mean / 1000;
  }

  get max(): number {
    return this.#histogram.max / 1000;
  }

  /** Null while nothing is recorded: zero would look like a perfect latency. */
  figures(): LatencyFigures | null {
    if (this.count === 0) return null;
    return {
      mean: this.mean,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p95: this.percentile(95),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: this.max,
    };
  }

  /** The curve from the fastest response to the slowest, only as far into the tail as there are responses. */
  curve(): CurvePoint[] {
    if (this.count === 0) return [];
    const inner = curvePercentiles.filter((percentile) => this.count * (100 - percentile) >= 100 - 1e-9);
    return [...inner, 100].map((percentile) => ({ percentile, ms: this.percentile(percentile) }));
  }
}

/** Nine steps to each further "nine": 0 (here 0.001), 10 … 80, 90 … 98, 99 … 99.8, up to 99.998. */
const curvePercentiles = [1, 0, -1, -2, -3].flatMap((power) =>
  Array.from({ length: 9 }, (_, step) => Number(Math.max(0.001, 100 - (10 - step) * 10 ** power).toFixed(3))),
);
