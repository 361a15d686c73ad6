/** A result of a benchmark: one row of the report. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Targets; the docs name the source of the number. */
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Conditions under which the value was measured. */
  readonly note?: string;
}

export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const { value, atLeast, atMost, note } = figure;
    const target = atLeast !== undefined ? `≥ ${atLeast}` : atMost !== undefined ? `≤ ${atMost}` : "";
    // Comparisons with NaN are false: a missing value meets no target.
    const isMet = atLeast !== undefined ? value >= atLeast : value <= (atMost ?? Number.NaN);
    const verdict = target === "" ? "" : isMet ? "yes" : "**no**";
    const what = note === undefined ? figure.what : `${figure.what} (${note})`;
    return `| ${what} | ${formatted(value)} ${figure.unit} | ${target} | ${verdict} |`;
  });
  return ["| what | measured | target | met |", "| --- | --: | --: | --- |", ...rows].join("\n");
}

/** Three significant digits, and no more. */
function formatted(value: number): string {
  if (Number.isNaN(value)) return "?";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
