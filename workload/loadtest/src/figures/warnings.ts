/** Reasons to doubt the figures. Pure. */
import {
  formatMs,
  formatPercent,
  formatRate,
  loadTestMetrics,
  type MeasuredResult,
} from "@gpumedia/api/src/load-test-client.ts";
import { rounded } from "./quantities.ts";
import type { Threshold } from "./thresholds.ts";

export interface Doubts extends Pick<MeasuredResult, "counts" | "load" | "endedBy"> {
  readonly client: NonNullable<MeasuredResult["details"]>["client"];
  readonly thresholds: readonly Threshold[];
}

const busyAbove = 0.9;
// Half of the guide's 20 ms: such a lag distorts the figure to be measured.
const lagAboveMs = 10;
// A percentile with fewer responses beyond it is chance.
const responsesBeyondAtLeast = 5;

export function warningsOf({ counts, client, load, endedBy, thresholds }: Doubts): string[] {
  const warnings: string[] = [];
  if (client.eventLoopUtilization > busyAbove) {
    const busy = formatPercent(rounded(client.eventLoopUtilization * 100, 0));
    warnings.push(`this client was busy ${busy} of the time and may be the bottleneck; run more clients`);
  }
  if (client.sendLagMs !== null && client.sendLagMs.p99 > lagAboveMs) {
    const late = formatMs(client.sendLagMs.p99);
    warnings.push(
      `this client could not sustain ${formatRate(load.ratePerSecond ?? 0)}: 1 % of its requests were sent over ${late} late`,
    );
  }
  if (client.queued > 0) {
    const waited = `${client.queued} requests waited for one of ${load.concurrency} connections`;
    warnings.push(`${waited}; their latency includes the wait, but the target did not receive the full rate`);
  }
  if (endedBy === "duration" && load.requests !== null) {
    const ended = counts.accepted + counts.rejected + counts.failed;
    warnings.push(`the duration ended the run after ${ended} of ${load.requests} requests`);
  }
  return [
    ...warnings,
    ...thresholds.flatMap(({ metric }) => thinTail(loadTestMetrics[metric].percentile, counts.accepted)),
  ];
}

function thinTail(percentile: number | null, accepted: number): string[] {
  if (percentile === null || accepted === 0) return [];
  const beyond = (accepted * (100 - percentile)) / 100;
  if (beyond >= responsesBeyondAtLeast) return [];
  return [`p${percentile} of ${accepted} responses depends on the slowest ${Math.max(1, Math.round(beyond))}`];
}
