/** The timeline: accepted responses, latency and failures by second. Pure. */
import { formatMs, formatRate, significant } from "@gpumedia/api/src/load-test-client.ts";
import type { TimelineRow } from "../figures/timeline.ts";
import { type Scale, linear, pathThrough, ticks } from "./axis.ts";
import { type Markup, html } from "./markup.ts";
import { type Column, columnsOf } from "./timeline-columns.ts";

const width = 880;
const left = 64;
const right = 864;

const panels = {
  accepted: { top: 24, bottom: 124 },
  latency: { top: 164, bottom: 284 },
  wrong: { top: 324, bottom: 384 },
} as const;

/** Stacked panels on one time axis. `elapsedSeconds` shows whether the last second was complete. */
export function timelineChart(rows: readonly TimelineRow[], elapsedSeconds: number): Markup {
  const columns = columnsOf(rows);
  const x = linear(rows.length, left, right);
  const lastIsPart = elapsedSeconds < rows.length - 0.05;
  const anythingWrong = rows.some(({ failed, rejected }) => failed + rejected > 0);
  const { bottom } = anythingWrong ? panels.wrong : panels.latency;
  return html`<svg viewBox="0 0 ${width} ${bottom + 28}" role="img" aria-label="Rate, latency and failures over time">
    ${panelName("accepted per second", panels.accepted)}
    ${bars(columns, x, panels.accepted, lastIsPart, [["accepted", (column) => column.acceptedPerSecond]])}
    ${panelName("latency", panels.latency)} ${lines(columns, x, panels.latency)}
    ${
      anythingWrong &&
      html`${panelName("failed and rejected per second", panels.wrong)}
      ${bars(columns, x, panels.wrong, lastIsPart, [
        ["failed", (column) => column.failedPerSecond],
        ["rejected", (column) => column.rejectedPerSecond],
      ])}`
    }
    ${ticks(rows.length, 8)
      .filter((second) => Number.isInteger(second) && second <= rows.length)
      .map((second) => html`<text class="tick mid" x="${x(second)}" y="${bottom + 20}">${second} s</text>`)}
    ${columns.map(
      (column) =>
        html`<rect
          class="hover"
          x="${x(column.fromSecond)}"
          y="${panels.accepted.top}"
          width="${x(column.seconds) - left}"
          height="${bottom - panels.accepted.top}"
          ><title>${columnTitle(column)}</title></rect
        >`,
    )}
  </svg>`;
}

function panelName(name: string, { top }: Panel): Markup {
  return html`<text class="panel" x="${left}" y="${top - 10}">${name}</text>`;
}

interface Panel {
  readonly top: number;
  readonly bottom: number;
}

type Stack = readonly (readonly [name: string, read: (column: Column) => number])[];

/** Stacked bars; the last one is pale when its second was incomplete, because its height is then misleading. */
function bars(columns: readonly Column[], x: Scale, { top, bottom }: Panel, lastIsPart: boolean, stack: Stack): Markup {
  const total = (column: Column) => stack.reduce((sum, [, read]) => sum + read(column), 0);
  const yTicks = ticks(Math.max(...columns.map(total)), 3);
  const y = linear(yTicks.at(-1) ?? 1, bottom, top);
  const bar = (column: Column, at: number) => {
    const gap = x(column.seconds) - left > 4 ? 1 : 0;
    let below = 0;
    return stack.map(([name, read]) => {
      const from = below;
      below += read(column);
      const pale = lastIsPart && at === columns.length - 1 ? " pale" : "";
      return (
        read(column) > 0 &&
        html`<rect
          class="bar ${name}${pale}"
          x="${x(column.fromSecond)}"
          y="${y(below)}"
          width="${x(column.seconds) - left - gap}"
          height="${y(from) - y(below)}"
        />`
      );
    });
  };
  return html`${grid(yTicks, y, (value) => significant(value))}${columns.map(bar)}`;
}

function lines(columns: readonly Column[], x: Scale, { top, bottom }: Panel): Markup {
  const yTicks = ticks(Math.max(0.001, ...columns.map(({ p95Ms }) => p95Ms ?? 0)), 3);
  const y = linear(yTicks.at(-1) ?? 1, bottom, top);
  return html`${grid(yTicks, y, formatMs)}
    <path class="line p95" d="${linePath(columns, x, y, ({ p95Ms }) => p95Ms)}" />
    <path class="line p50" d="${linePath(columns, x, y, ({ p50Ms }) => p50Ms)}" />`;
}

function grid(values: readonly number[], y: Scale, format: (value: number) => string): Markup {
  return html`${values.map(
    (value) =>
      html`<line class="grid" x1="${left}" x2="${right}" y1="${y(value)}" y2="${y(value)}" />
        <text class="tick end" x="${left - 8}" y="${y(value) + 4}">${format(value)}</text>`,
  )}`;
}

/** Through the middle of each column, interrupted where nothing was accepted. */
function linePath(columns: readonly Column[], x: Scale, y: Scale, read: (column: Column) => number | null): string {
  return pathThrough(
    columns.map((column) => {
      const value = read(column);
      return value === null ? null : [x(column.fromSecond + column.seconds / 2), y(value)];
    }),
  );
}

function columnTitle(column: Column): string {
  const { fromSecond, seconds, p50Ms, p95Ms } = column;
  const parts = [
    seconds === 1 ? `second ${fromSecond}` : `seconds ${fromSecond} to ${fromSecond + seconds - 1}`,
    `${formatRate(column.acceptedPerSecond)} accepted`,
    ...(p50Ms === null || p95Ms === null ? [] : [`p50 ${formatMs(p50Ms)}, p95 ${formatMs(p95Ms)}`]),
    ...(column.rejectedPerSecond > 0 ? [`${formatRate(column.rejectedPerSecond)} rejected`] : []),
    ...(column.failedPerSecond > 0 ? [`${formatRate(column.failedPerSecond)} failed`] : []),
  ];
  return parts.join(", ");
}
