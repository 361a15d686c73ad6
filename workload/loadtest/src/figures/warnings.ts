/** What a reader should know before believing the figures. Pure. */
import { formatMs, formatPercent, formatRate, loadTestMetrics, type MeasuredResult } from "@gpumedia/api";
import { rounded } from "../quantities.ts";
import type { Threshold } from "./thresholds.ts";

export interface Doubts extends Pick<MeasuredResult, "counts" | "load" | "endedBy"> {
  readonly client: NonNullable<MeasuredResult["details"]>["client"];
  readonly thresholds: readonly Threshold[];
}

const busyAbove = 0.9;
// Half of the guide's 20 ms: a client that late spoils the figure it is there to take.
const lagAboveMs = 10;
// A percentile with fewer answers beyond it is their luck.
const answersBeyondAtLeast = 5;

export function warningsOf({ counts, client, load, endedBy, thresholds }: Doubts): string[] {
  const warnings: string[] = [];
  if (client.eventLoopUtilization > busyAbove) {
    const busy = formatPercent(rounded(client.eventLoopUtilization * 100, 0));
    warnings.push(`this client was busy ${busy} of the time and may be what was measured; use more clients`);
  }
  if (client.sendLagMs !== null && client.sendLagMs.p99 > lagAboveMs) {
    const late = formatMs(client.sendLagMs.p99);
    warnings.push(
      `this client could not keep ${formatRate(load.ratePerSecond ?? 0)}: 1 % of its requests left over ${late} late`,
    );
  }
  if (client.queued > 0) {
    const waited = `${client.queued} requests waited for one of ${load.concurrency} connections`;
    warnings.push(`${waited}: the wait is in their latency, but the target never saw the full rate`);
  }
  if (endedBy === "duration" && load.requests !== null) {
    const ended = counts.accepted + counts.rejected + counts.failed;
    warnings.push(`time ended the run after ${ended} of ${load.requests} requests`);
  }
  return [
    ...warnings,
    ...thresholds.flatMap(({ metric }) => thinTail(loadTestMetrics[metric].percentile, counts.accepted)),
  ];
}

function thinTail(percentile: number | null, accepted: number): string[] {
  if (percentile === null || accepted === 0) return [];
  const beyond = (accepted * (100 - percentile)) / 100;
  if (beyond >= answersBeyondAtLeast) return [];
  return [`p${percentile} of ${accepted} answers rests on the slowest ${Math.max(1, Math.round(beyond))}`];
}
