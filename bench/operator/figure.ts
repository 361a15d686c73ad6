/** A result of a benchmark: one row of the report. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The docs name the source of the number. */
  readonly target?: { readonly is: "at least" | "at most"; readonly than: number };
  /** Conditions under which the value was measured. */
  readonly note?: string;
}

function meets({ value, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  return target.is === "at least" ? value >= target.than : value <= target.than;
}

export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const verdict = { true: "yes", false: "**no**", undefined: "" }[
      String(meets(figure)) as "true" | "false" | "undefined"
    ];
    const target =
      figure.target === undefined ? "" : `${figure.target.is === "at least" ? "≥" : "≤"} ${figure.target.than}`;
    const what = figure.note === undefined ? figure.what : `${figure.what} (${figure.note})`;
    return `| ${what} | ${formatted(figure.value)} ${figure.unit} | ${target} | ${verdict} |`;
  });
  return ["| what | measured | target | met |", "| --- | --: | --: | --- |", ...rows].join("\n");
}

/** Three significant digits, and no more. */
function formatted(value: number): string {
  if (Number.isNaN(value)) return "?";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
