/** The result as text for a terminal. Pure. */
import { stripVTControlCharacters } from "node:util";
import {
  formatMetric,
  formatMs,
  formatPercent,
  formatRate,
  loadTestMetrics,
  significant,
  type LoadTestRegression,
} from "@gpumedia/api/src/load-test-client.ts";
import { formatBytes } from "../figures/quantities.ts";
import type { LoadDescription, Result, Unreachable } from "../result/result.ts";

/** Colours a verdict; returns the text unchanged where colours are not supported. */
export type Paint = (kind: "good" | "bad" | "dim", text: string) => string;

type Row = readonly string[];

export function resultTable(result: Result | Unreachable, paint: Paint): string {
  if (result.verdict === "Unreachable") return `${verdictLines(result, paint).join("\n")}\n`;
  const sections = [
    [result.target, paint("dim", describeLoad(result.load, result.scenario))],
    columns(figureRows(result)),
    columns(stageRows(result)),
    columns(failureRows(result)),
    columns(thresholdRows(result, paint)),
    regressionLines(result.regression?.rows ?? [], paint),
    result.warnings.map((warning) => `warning: ${warning}`),
    verdictLines(result, paint),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

/** Such as `baseline: 100 requests, concurrency 10`. */
export function describeLoad(load: LoadDescription, scenario: string): string {
  const { requests, durationSeconds, ratePerSecond, concurrency } = load;
  const amount = [
    ...(requests === null ? [] : [`${requests} requests`]),
    ...(durationSeconds === null ? [] : [`${requests === null ? "" : "up to "}${formatMs(durationSeconds * 1000)}`]),
  ];
  if (scenario === "live") {
    return `live: ${amount.join(", ")}, ${concurrency} sessions of ${formatRate((ratePerSecond ?? 0) / concurrency)}`;
  }
  const how =
    ratePerSecond === null
      ? `concurrency ${concurrency}`
      : `open loop at ${ratePerSecond}/s, up to ${concurrency} connections`;
  return `${scenario}: ${amount.join(", ")}, ${how}`;
}

export function regressionLines(rows: LoadTestRegression["rows"], paint: Paint): string[] {
  return columns(
    rows.map(({ metric, before, now, changePercent, worse }) => [
      worse ? paint("bad", "✗") : paint("good", "✓"),
      metric,
      formatMetric(metric, before),
      "→",
      formatMetric(metric, now),
      changePercent === null ? "" : `${changePercent > 0 ? "+" : ""}${significant(changePercent)} %`,
    ]),
  );
}

function figureRows({ counts, figures, elapsedSeconds, details }: Result): Row[] {
  const { latencyMs } = figures;
  const rows: Row[] = [
    [
      "accepted",
      String(counts.accepted),
      `${formatRate(figures.requestsPerSecond)} over ${formatMs(elapsedSeconds * 1000)}`,
    ],
    ["rejected", String(counts.rejected), formatPercent(figures.rejectedPercent)],
    ["failed", String(counts.failed), formatPercent(figures.errorPercent)],
  ];
  if (counts.abandoned > 0) rows.push(["abandoned", String(counts.abandoned), "in flight when interrupted"]);
  rows.push(["received", formatBytes(details.bytesReceived)]);
  if (latencyMs === null) return rows;
  const { mean, p50, p90, p95, p99, p999, max } = latencyMs;
  const latency = { mean, p50, p90, p95, p99, "p99.9": p999, max };
  return [...rows, ...Object.entries(latency).map(([name, ms]) => [name, formatMs(ms)])];
}

function stageRows({ stages }: Result): Row[] {
  const rows = Object.entries(stages).map(([stage, { mean, p50, p95, max }]) =>
    [stage].concat([mean, p50, p95, max].map(formatMs)),
  );
  return rows.length === 0 ? [] : [["stage", "mean", "p50", "p95", "max"], ...rows];
}

function failureRows({ failures }: Result): Row[] {
  const rows = failures.map(({ kind, count, example }) => [kind, String(count), example]);
  return rows.length === 0 ? [] : [["failure", "count", "first"], ...rows];
}

function thresholdRows({ thresholds }: Result, paint: Paint): Row[] {
  return thresholds.map(({ metric, limit, actual, met }) => [
    met ? paint("good", "✓") : paint("bad", "✗"),
    metric,
    formatMetric(metric, actual),
    `${loadTestMetrics[metric].better === "higher" ? "≥" : "≤"} ${formatMetric(metric, limit)}`,
  ]);
}

/** The verdict and its reasons. */
export function verdictLines(
  { verdict, reasons }: Pick<Result | Unreachable, "verdict" | "reasons">,
  paint: Paint,
): string[] {
  const word = paint(verdict === "Passed" ? "good" : "bad", verdict.toUpperCase());
  return [word, ...reasons.map((reason) => `  ${reason}`)];
}

/** Columns two spaces apart, as wide as their widest cell; colour codes have no width. */
function columns(rows: readonly Row[]): string[] {
  const widths = Array.from({ length: Math.max(0, ...rows.map((row) => row.length)) }, (_, at) =>
    Math.max(...rows.map((row) => widthOf(row[at]))),
  );
  return rows.map((row) =>
    row
      .map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - widthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}

function widthOf(cell: string | undefined): number {
  return stripVTControlCharacters(cell ?? "").length;
}
