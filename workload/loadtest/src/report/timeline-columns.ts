/** Groups the seconds of a long run into columns wide enough to distinguish. Pure. */
import type { TimelineRow } from "../figures/timeline.ts";

/** One drawn column: a second, or several of a long run. */
export interface Column {
  readonly fromSecond: number;
  readonly seconds: number;
  readonly acceptedPerSecond: number;
  readonly rejectedPerSecond: number;
  readonly failedPerSecond: number;
  /** Mean of the seconds' medians; null without an accepted response. */
  readonly p50Ms: number | null;
  /** The worst second's: a mean would hide a stall. */
  readonly p95Ms: number | null;
}

const columnsAtMost = 300;

/** At most 300 columns, of equal length except for the last. */
export function columnsOf(rows: readonly TimelineRow[]): Column[] {
  const seconds = Math.ceil(rows.length / columnsAtMost);
  return Array.from({ length: Math.ceil(rows.length / Math.max(1, seconds)) }, (_, at) =>
    columnOf(rows.slice(at * seconds, (at + 1) * seconds)),
  );
}

function columnOf(rows: readonly TimelineRow[]): Column {
  const medians = rows.flatMap(({ p50Ms }) => p50Ms ?? []);
  const tails = rows.flatMap(({ p95Ms }) => p95Ms ?? []);
  return {
    fromSecond: rows[0]?.second ?? 0,
    seconds: rows.length,
    acceptedPerSecond: mean(rows.map(({ accepted }) => accepted)),
    rejectedPerSecond: mean(rows.map(({ rejected }) => rejected)),
    failedPerSecond: mean(rows.map(({ failed }) => failed)),
    p50Ms: medians.length === 0 ? null : mean(medians),
    p95Ms: tails.length === 0 ? null : Math.max(...tails),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
