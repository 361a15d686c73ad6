/** The tables of the report; an empty one is omitted. Pure. */
import { formatMetric, formatMs, formatPercent, loadTestMetrics, significant } from "@gpumedia/api";
import type { ThresholdVerdict } from "../figures/thresholds.ts";
import type { Result } from "../result/result.ts";
import { type Markup, html } from "./markup.ts";

export function thresholdSection(thresholds: readonly ThresholdVerdict[]): Markup {
  return html`<section>
    <h2>Thresholds</h2>
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          <th>Metric</th>
          <th class="number">Measured</th>
          <th class="number">Limit</th>
          <th class="meter"></th>
        </tr>
        ${thresholds.map(
          (verdict) =>
            html`<tr>
              ${mark(verdict.met)}
              <td>${verdict.metric}</td>
              <td class="number">${formatMetric(verdict.metric, verdict.actual)}</td>
              <td class="number">
                ${loadTestMetrics[verdict.metric].better === "higher" ? "≥" : "≤"}
                ${formatMetric(verdict.metric, verdict.limit)}
              </td>
              <td class="meter">${meter(verdict)}</td>
            </tr>`,
        )}
      </table>
    </div>
  </section>`;
}

export function regressionSection(regression: Result["regression"]): Markup | false {
  if (regression === null) return false;
  const { against, tolerancePercent, rows } = regression;
  return html`<section>
    <h2>Compared with ${against}</h2>
    <p class="caption">Tolerance ${formatPercent(tolerancePercent)}.</p>
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          <th>Metric</th>
          <th class="number">Before</th>
          <th class="number">Now</th>
          <th class="number">Change</th>
        </tr>
        ${rows.map(
          ({ metric, before, now, changePercent, worse }) =>
            html`<tr>
              ${mark(!worse)}
              <td>${metric}</td>
              <td class="number">${formatMetric(metric, before)}</td>
              <td class="number">${formatMetric(metric, now)}</td>
              <td class="number">
                ${changePercent === null ? "" : `${changePercent > 0 ? "+" : ""}${significant(changePercent)} %`}
              </td>
            </tr>`,
        )}
      </table>
    </div>
  </section>`;
}

export function stageSection(stages: Result["stages"]): Markup | false {
  const entries = Object.entries(stages);
  if (entries.length === 0) return false;
  const longest = Math.max(...entries.map(([, { mean }]) => mean), 0.001);
  return html`<section>
    <h2>Stages</h2>
    <p class="caption">Reported by the server in Server-Timing.</p>
    <div class="scroll">
      <table>
        <tr>
          <th>Stage</th>
          <th class="number">Mean</th>
          <th class="number">p50</th>
          <th class="number">p95</th>
          <th class="number">Max</th>
          <th class="meter"></th>
        </tr>
        ${entries.map(
          ([stage, { mean, p50, p95, max }]) =>
            html`<tr>
              <td>${stage}</td>
              ${[mean, p50, p95, max].map((ms) => html`<td class="number">${formatMs(ms)}</td>`)}
              <td class="meter">
                <svg viewBox="0 0 300 14" preserveAspectRatio="none">
                  <rect class="fill stage" y="3" width="${(mean / longest) * 300}" height="8" rx="2" />
                </svg>
              </td>
            </tr>`,
        )}
      </table>
    </div>
  </section>`;
}

export function failureSection(failures: Result["failures"]): Markup | false {
  if (failures.length === 0) return false;
  return html`<section>
    <h2>Failures</h2>
    <div class="scroll">
      <table>
        <tr>
          <th>Kind</th>
          <th class="number">Count</th>
          <th>First message</th>
        </tr>
        ${failures.map(
          ({ kind, count, example }) =>
            html`<tr>
              <td>${kind}</td>
              <td class="number">${count}</td>
              <td>${example}</td>
            </tr>`,
        )}
      </table>
    </div>
  </section>`;
}

function mark(good: boolean): Markup {
  return good ? html`<td class="mark good">✓</td>` : html`<td class="mark bad">✗</td>`;
}

const meterEnd = 300;

/** The measured value against its limit, which is the vertical mark at two thirds of the bar. */
function meter({ actual, limit, met }: ThresholdVerdict): Markup | false {
  if (actual === null) return false;
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
