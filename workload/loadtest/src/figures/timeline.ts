/** Figures by the second in which the responses were complete. */
import type { MeasuredResult } from "@gpumedia/api/src/load-test-client.ts";
import { rounded } from "./quantities.ts";

/** One second of the run; latencies are null without an accepted response. */
export type TimelineRow = NonNullable<MeasuredResult["details"]>["timeline"][number];

/**
 * Keeps only the latencies of the current second, so that a run of 30 minutes needs a few hundred kilobytes. Responses arrive
 * in order; one that is late because of its check counts for the current second.
 */
export class Timeline {
  readonly #rows: TimelineRow[] = [];
  #latenciesMs: number[] = [];
  #rejected = 0;
  #failed = 0;

  accepted(endMs: number, latencyMs: number): void {
    this.#closeUntil(endMs);
    this.#latenciesMs.push(latencyMs);
  }

  rejected(endMs: number): void {
    this.#closeUntil(endMs);
    this.#rejected++;
  }

  failed(endMs: number): void {
    this.#closeUntil(endMs);
    this.#failed++;
  }

  /** All seconds up to now, including the current one. */
  rows(): readonly TimelineRow[] {
    const open = this.#openRow();
    const empty = open.accepted + open.rejected + open.failed === 0;
    return empty ? [...this.#rows] : [...this.#rows, open];
  }

  #closeUntil(endMs: number): void {
    const second = Math.floor(endMs / 1000);
    while (this.#rows.length < second) {
      this.#rows.push(this.#openRow());
      this.#latenciesMs = [];
      this.#rejected = 0;
      this.#failed = 0;
    }
  }

  #openRow(): TimelineRow {
    const sorted = this.#latenciesMs.toSorted((a, b) => a - b);
    return {
      second: this.#rows.length,
      accepted: sorted.length,
      rejected: this.#rejected,
      failed: this.#failed,
      p50Ms: nearestRank(sorted, 50),
      p95Ms: nearestRank(sorted, 95),
    };
  }
}

/** The smallest value that at least `percentile` per cent do not exceed; null for an empty list. */
function nearestRank(sorted: readonly number[], percentile: number): number | null {
  const value = sorted[Math.max(0, Math.ceil((sorted.length * percentile) / 100) - 1)];
  return value === undefined ? null : rounded(value);
}
