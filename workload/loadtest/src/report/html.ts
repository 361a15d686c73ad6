/** The report: one self-contained HTML file without scripts or external resources. Pure. */
import { formatMs, formatPercent, significant } from "@gpumedia/api/src/load-test-client.ts";
import type { Result, Unreachable } from "../result/result.ts";
import { latencyCurve } from "./latency-curve.ts";
import { Markup, html } from "./markup.ts";
import { measuredSection } from "./measured-section.ts";
import { failureSection, regressionSection, stageSection, thresholdSection } from "./report-tables.ts";
import { style } from "./style.ts";
import { describeLoad } from "./table.ts";
import { timelineChart } from "./timeline-chart.ts";

export function htmlReport(result: Result | Unreachable): string {
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>Load test ${result.verdict.toLowerCase()}: ${result.target}</title>
        <style>
          ${new Markup(style)}
        </style>
      </head>
      <body>
        <main>
          ${heading(result)} ${result.verdict !== "Unreachable" && findings(result)}
          <footer>gpumedia-loadtest · ${result.schema}</footer>
        </main>
      </body>
    </html>`;
  return `${document.text.trim()}\n`;
}

function heading({ verdict, target, scenario, load, startedAt, reasons }: Result | Unreachable): Markup {
  return html`<header>
      <h1>Load test</h1>
      <span class="verdict ${verdict === "Passed" ? "good" : "bad"}">${verdict}</span>
    </header>
    <p class="about">
      <code>${target}</code><br />${describeLoad(load, scenario)} ·
      ${startedAt.replace("T", " ").replace(/\.\d+Z$/, " UTC")}
    </p>
    ${
      reasons.length > 0 &&
      html`<div class="box bad">
        <ul>
          ${reasons.map((reason) => html`<li>${reason}</li>`)}
        </ul>
      </div>`
    }`;
}

function findings(result: Result): Markup {
  const { warnings } = result;
  return html`${tiles(result)}
  ${
    warnings.length > 0 &&
    html`<div class="box note">
      <ul>
        ${warnings.map((warning) => html`<li>${warning}</li>`)}
      </ul>
    </div>`
  }
  ${thresholdSection(result.thresholds)} ${regressionSection(result.regression)} ${latencySection(result)}
  ${timelineSection(result)} ${stageSection(result.stages)} ${failureSection(result.failures)}
  ${measuredSection(result)}`;
}

function tiles({ figures, counts }: Result): Markup {
  const { latencyMs, requestsPerSecond, errorPercent, rejectedPercent } = figures;
  const latencies = latencyMs === null ? {} : { p50: latencyMs.p50, p95: latencyMs.p95, p99: latencyMs.p99 };
  return html`<dl class="tiles">
    ${tile("accepted", significant(requestsPerSecond), "/s")}
    ${Object.entries(latencies).map(([name, ms]) => {
      const [value = "", unit = ""] = formatMs(ms).split(" ");
      return tile(name, value, ` ${unit}`);
    })}
    ${tile("rejected", String(counts.rejected), ` ${formatPercent(rejectedPercent)}`)}
    ${tile("failed", String(counts.failed), ` ${formatPercent(errorPercent)}`)}
  </dl>`;
}

function tile(name: string, value: string, unit: string): Markup {
  return html`<div class="tile">
    <dt>${name}</dt>
    <dd>${value}<small>${unit}</small></dd>
  </div>`;
}

function latencySection({ details, load, thresholds }: Result): Markup | false {
  if (details.curve.length === 0) return false;
  const open = load.ratePerSecond !== null;
  return html`<section>
    <h2>Latency</h2>
    <p class="caption">Latency by percentile, from the fastest response to the slowest. Logarithmic towards 100 %.</p>
    ${
      open &&
      html`<ul class="legend">
        <li class="orange">latency, from the intended send time</li>
        <li class="blue">service time, from the actual send time (dashed)</li>
      </ul>`
    }
    <div class="scroll">
      ${latencyCurve({
        latency: details.curve,
        serviceTime: open ? details.serviceTimeCurve : [],
        thresholds,
      })}
    </div>
  </section>`;
}

/** A chart of two seconds would suggest a trend that is not there. */
const timelineFromSeconds = 3;

function timelineSection({ details, elapsedSeconds, counts }: Result): Markup | false {
  const { timeline } = details;
  if (timeline.length < timelineFromSeconds) return false;
  return html`<section>
    <h2>Over time</h2>
    <p class="caption">
      By the second in which the response was complete. Long runs are grouped: mean rates, the worst second's p95.
    </p>
    <ul class="legend">
      <li class="orange">p95</li>
      <li class="blue">p50, accepted</li>
      ${counts.failed > 0 && html`<li class="red">failed</li>`}
      ${counts.rejected > 0 && html`<li class="amber">rejected</li>`}
    </ul>
    <div class="scroll">${timelineChart(timeline, elapsedSeconds)}</div>
  </section>`;
}
