/** The latency curve: latency by percentile. Pure. */
import { formatMs, loadTestMetrics } from "@gpumedia/api/src/load-test-client.ts";
import type { CurvePoint } from "../figures/histogram.ts";
import type { ThresholdVerdict } from "../figures/thresholds.ts";
import { type Scale, linear, nines, pathThrough, ticks } from "./axis.ts";
import { type Markup, html } from "./markup.ts";

export interface CurveChart {
  readonly latency: readonly CurvePoint[];
  /** Drawn beside the latency when it differs: in an open loop. Empty otherwise. */
  readonly serviceTime: readonly CurvePoint[];
  readonly thresholds: readonly ThresholdVerdict[];
}

const width = 880;
const height = 300;
const plot = { left: 64, right: 800, top: 16, bottom: 262 };
const percentileTicks = [0, 50, 90, 95, 99, 99.9, 99.99];
const labelled = new Set([50, 95, 99, 99.9]);

export function latencyCurve({ latency, serviceTime, thresholds }: CurveChart): Markup {
  const inner = latency.filter(({ percentile }) => percentile < 100);
  const last = Math.max(50, inner.at(-1)?.percentile ?? 50);
  // The slowest response is drawn slightly beyond the last percentile that has responses.
  const end = 100 - (100 - last) / 2;
  const limits = limitsOn(thresholds, last, Math.max(...latency.map(({ ms }) => ms)));
  const yTicks = ticks(Math.max(...[...latency, ...serviceTime, ...limits].map(({ ms }) => ms)));
  const x = nines(end, plot.left, plot.right);
  const y = linear(yTicks.at(-1) ?? 1, plot.bottom, plot.top);
  const slowest = latency.at(-1);
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Latency by percentile">
    ${yTicks.map(
      (ms) =>
        html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y(ms)}" y2="${y(ms)}" />
          <text class="tick end" x="${plot.left - 8}" y="${y(ms) + 4}">${formatMs(ms)}</text>`,
    )}
    ${percentileTicks
      .filter((percentile) => percentile <= last)
      .map(
        (percentile) =>
          html`<line
              class="grid"
              x1="${x(percentile)}"
              x2="${x(percentile)}"
              y1="${plot.bottom}"
              y2="${plot.bottom + 5}"
            />
            <text class="tick mid" x="${x(percentile)}" y="${plot.bottom + 20}"
              >${percentile === 0 ? "fastest" : `p${percentile}`}</text
            >`,
      )}
    ${serviceTime.length > 0 && html`<path class="line service" d="${path(serviceTime, x, y)}" />`}
    <path class="line latency" d="${path(latency, x, y)}" />
    ${limits.map(({ percentile, ms, met }) => limitMark(x(percentile), y(ms), `p${percentile} limit ${formatMs(ms)}`, met))}
    ${latency
      .filter(({ percentile }) => labelled.has(percentile))
      .map(
        ({ percentile, ms }) =>
          html`<circle class="dot latency" cx="${x(percentile)}" cy="${y(ms)}" r="4"
              ><title>p${percentile}: ${formatMs(ms)}</title></circle
            >
            <text class="value end" x="${x(percentile) - 7}" y="${y(ms) - 8}">${formatMs(ms)}</text>`,
      )}
    ${
      slowest !== undefined &&
      html`<text class="value" x="${plot.right + 8}" y="${y(slowest.ms) + 4}">${formatMs(slowest.ms)}</text>
        <text class="tick" x="${plot.right + 8}" y="${y(slowest.ms) + 19}">slowest</text>`
    }
  </svg>`;
}

interface Limit {
  readonly percentile: number;
  readonly ms: number;
  readonly met: boolean;
}

/** The limits to draw: one far above the curve would flatten it, and is in the table anyway. */
function limitsOn(thresholds: readonly ThresholdVerdict[], lastPercentile: number, slowestMs: number): Limit[] {
  return thresholds.flatMap(({ metric, limit, met }) => {
    const percentile = loadTestMetrics[metric].percentile;
    const drawn = percentile !== null && percentile <= lastPercentile && limit <= slowestMs * 1.5;
    return drawn ? [{ percentile, ms: limit, met }] : [];
  });
}

/** Labelled on the right: the left of each point has the point's own value. */
function limitMark(x: number, y: number, label: string, met: boolean): Markup {
  return html`<line class="limit ${met ? "good" : "bad"}" x1="${x - 20}" x2="${x + 20}" y1="${y}" y2="${y}" />
    <text class="limit-label ${met ? "good" : "bad"}" x="${x + 26}" y="${y - 4}">${label}</text>`;
}

function path(points: readonly CurvePoint[], x: Scale, y: Scale): string {
  return pathThrough(points.map(({ percentile, ms }) => [x(percentile), y(ms)]));
}
