/** Figures with their units, as messages and reports show them: number, space, unit. Pure. */

/** Three significant digits, never an exponent: 0.0312, 8.25, 41.9, 1240. */
export function significant(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, Math.min(6, 2 - Math.floor(Math.log10(Math.abs(value)))));
  return value
    .toFixed(digits)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
}

/** `8.25 ms`, `1.5 s`, `30 min`. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${significant(ms)} ms`;
  if (ms < 120_000) return `${significant(ms / 1000)} s`;
  return `${significant(ms / 60_000)} min`;
}

/** `0 %`, `0.04 %`, `12.5 %`. */
export function formatPercent(percent: number): string {
  return `${significant(percent)} %`;
}

/** `25.2/s`. */
export function formatRate(perSecond: number): string {
  return `${significant(perSecond)}/s`;
}
