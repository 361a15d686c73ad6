/** Progress of a run. */
import type { WriteStream } from "node:tty";
import { formatMs, formatRate } from "@gpumedia/api/src/load-test-client.ts";
import type { Tally } from "./figures/tally.ts";
import type { Load } from "./load/drive.ts";

export interface ProgressFigures {
  readonly elapsedMs: number;
  readonly ended: number;
  readonly failed: number;
  readonly rejected: number;
  /** Null before the first accepted response. */
  readonly p95Ms: number | null;
}

const barCells = 20;

/** One line: progress, rate, latency, failures. Pure. */
export function progressLine(load: Pick<Load, "requests" | "durationMs">, figures: ProgressFigures): string {
  const { elapsedMs, ended, failed, rejected, p95Ms } = figures;
  const done = Math.min(1, Math.max(ended / load.requests, elapsedMs / load.durationMs));
  const cells = Math.floor(done * barCells);
  const bar = "█".repeat(cells) + "░".repeat(barCells - cells);
  const parts = [
    `${bar} ${String(Math.floor(done * 100)).padStart(3)} %`,
    Number.isFinite(load.requests) ? `${ended}/${load.requests}` : `${ended} in ${formatMs(Math.floor(elapsedMs))}`,
    formatRate(elapsedMs > 0 ? (ended / elapsedMs) * 1000 : 0),
    ...(p95Ms === null ? [] : [`p95 ${formatMs(p95Ms)}`]),
    ...(rejected > 0 ? [`${rejected} rejected`] : []),
    ...(failed > 0 ? [`${failed} failed`] : []),
  ];
  return parts.join("  ");
}

const terminalEveryMs = 200;
const logEveryMs = 30_000;

/** Shows the line, rewritten on a terminal and every 30 s in a log. Returns a function that stops it. */
export function showProgress(
  stream: Pick<WriteStream, "isTTY" | "columns" | "write">,
  load: Pick<Load, "requests" | "durationMs">,
  tally: Tally,
  elapsedMs: () => number,
): () => void {
  const line = () => {
    const { accepted, rejected, failed } = tally.counts;
    const ended = accepted + rejected + failed;
    const p95Ms = accepted === 0 ? null : tally.latency.percentile(95);
    return progressLine(load, { elapsedMs: elapsedMs(), ended, failed, rejected, p95Ms });
  };
  const clear = "\r\u001b[K";
  const show = stream.isTTY
    ? // A line wider than the terminal would wrap, and each rewrite would scroll.
      () => stream.write(clear + line().slice(0, Math.max(0, stream.columns - 1)))
    : () => stream.write(`${line()}\n`);
  const timer = setInterval(show, stream.isTTY ? terminalEveryMs : logEveryMs);
  return () => {
    clearInterval(timer);
    if (stream.isTTY) stream.write(clear);
  };
}
