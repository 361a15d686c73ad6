/** The tables of the report, each left out when it has nothing to say. Pure. */
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
          <th>Figure</th>
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
    <h2>Against ${against}</h2>
    <p class="caption">Worse by more than ${formatPercent(tolerancePercent)} fails.</p>
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          <th>Figure</th>
          <th class="number">Then</th>
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
    <p class="caption">As the server reports them in Server-Timing.</p>
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
          <th>The first one</th>
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
const limitAt = 200;

/** Measured against limit: the limit is the upright stroke at two thirds, the bar ends at one and a half times of it. */
function meter({ actual, limit, met }: ThresholdVerdict): Markup | false {
  if (actual === null) return false;
  const share = limit > 0 ? actual / limit : actual > 0 ? Number.POSITIVE_INFINITY : 0;
  const length = Math.min(meterEnd, share * limitAt);
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
