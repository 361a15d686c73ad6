/** The tables of the report; an empty one is omitted. Pure. */
import {
  formatMetric,
  formatMs,
  formatPercent,
  loadTestMetrics,
  significant,
} from "@gpumedia/api/src/load-test-client.ts";
import type { ThresholdVerdict } from "../figures/thresholds.ts";
import type { Result } from "../result/result.ts";
import { type Markup, html } from "./markup.ts";

export function thresholdSection(thresholds: readonly ThresholdVerdict[]): Markup {
  const rows = thresholds.map((verdict) => {
    const { metric, actual, limit, met } = verdict;
    const bound = loadTestMetrics[metric].better === "higher" ? "≥" : "≤";
    const limitText = `${bound} ${formatMetric(metric, limit)}`;
    return [met, metric, formatMetric(metric, actual), limitText, meter(verdict)];
  });
  return tableSection("Thresholds", null, [mark, text("Metric"), number("Measured"), number("Limit"), bar], rows);
}

export function regressionSection(regression: Result["regression"]): Markup | false {
  if (regression === null) return false;
  const { against, tolerancePercent } = regression;
  const rows = regression.rows.map(({ metric, before, now, changePercent, worse }) => {
    const change = changePercent === null ? "" : `${changePercent > 0 ? "+" : ""}${significant(changePercent)} %`;
    return [!worse, metric, formatMetric(metric, before), formatMetric(metric, now), change];
  });
  const caption = `Tolerance ${formatPercent(tolerancePercent)}.`;
  const columns = [mark, text("Metric"), number("Before"), number("Now"), number("Change")];
  return tableSection(`Compared with ${against}`, caption, columns, rows);
}

export function stageSection(stages: Result["stages"]): Markup | false {
  const entries = Object.entries(stages);
  if (entries.length === 0) return false;
  const longest = Math.max(...entries.map(([, { mean }]) => mean), 0.001);
  const rows = entries.map(([stage, { mean, p50, p95, max }]) => [
    stage,
    ...[mean, p50, p95, max].map(formatMs),
    html`<svg viewBox="0 0 ${meterEnd} 14" preserveAspectRatio="none">
      <rect class="fill stage" y="3" width="${(mean / longest) * meterEnd}" height="8" rx="2" />
    </svg>`,
  ]);
  const columns = [text("Stage"), ...["Mean", "p50", "p95", "Max"].map(number), bar];
  return tableSection("Stages", "Reported by the server in Server-Timing.", columns, rows);
}

export function failureSection(failures: Result["failures"]): Markup | false {
  if (failures.length === 0) return false;
  const rows = failures.map(({ kind, count, example }) => [kind, String(count), example]);
  return tableSection("Failures", null, [text("Kind"), number("Count"), text("First message")], rows);
}

interface Column {
  readonly title: string;
  /** Class of the cells. */
  readonly kind: "mark" | "text" | "number" | "meter";
}

/** A boolean is a mark: whether the row is good. */
type Cell = string | boolean | Markup;

const mark: Column = { title: "", kind: "mark" };
const bar: Column = { title: "", kind: "meter" };
const text = (title: string): Column => ({ title, kind: "text" });
const number = (title: string): Column => ({ title, kind: "number" });

function tableSection(
  title: string,
  caption: string | null,
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
): Markup {
  return html`<section>
    <h2>${title}</h2>
    ${caption !== null && html`<p class="caption">${caption}</p>`}
    <div class="scroll">
      <table>
        <tr>
          ${columns.map((column) => html`<th class="${column.kind}">${column.title}</th>`)}
        </tr>
        ${rows.map(
          (row) =>
            html`<tr>
              ${columns.map(({ kind }, at) => cell(kind, row[at] ?? ""))}
            </tr>`,
        )}
      </table>
    </div>
  </section>`;
}

function cell(kind: Column["kind"], value: Cell): Markup {
  if (typeof value !== "boolean") return html`<td class="${kind}">${value}</td>`;
  return html`<td class="${kind} ${value ? "good" : "bad"}">${value ? "✓" : "✗"}</td>`;
}

const meterEnd = 300;

/** The measured value against its limit, which is the vertical mark at two thirds of the bar. */
function meter({ actual, limit, met }: ThresholdVerdict): Markup {
  if (actual === null) return html``;
  // A limit of 0 has its mark at 0: every value above it fills the bar.
  const limitAt = limit > 0 ? (meterEnd * 2) / 3 : 0;
  const length = limit > 0 ? Math.min(meterEnd, (actual / limit) * limitAt) : actual > 0 ? meterEnd : 0;
  return html`<svg
    viewBox="0 0 ${meterEnd} 14"
    preserveAspectRatio="none"
    role="img"
    aria-label="${met ? "within" : "beyond"} the limit"
  >
    <rect class="track" y="3" width="${meterEnd}" height="8" rx="2" />
    <rect class="fill ${met ? "good" : "bad"}" y="3" width="${length}" height="8" rx="2" />
    <line class="stop" x1="${limitAt}" x2="${limitAt}" y1="0" y2="14" />
  </svg>`;
}
