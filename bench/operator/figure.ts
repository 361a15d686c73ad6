/** What a benchmark answers: one figure per line of the report. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** What we want it to be: the docs say where the number comes from. */
  readonly goal?: { readonly is: "at least" | "at most"; readonly than: number };
  /** Conditions that a reader has to know to understand the value. */
  readonly note?: string;
}

function meets({ value, goal }: Figure): boolean | undefined {
  if (goal === undefined) return undefined;
  return goal.is === "at least" ? value >= goal.than : value <= goal.than;
}

export function markdownTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => {
    const verdict = { true: "yes", false: "**no**", undefined: "" }[
      String(meets(figure)) as "true" | "false" | "undefined"
    ];
    const goal = figure.goal === undefined ? "" : `${figure.goal.is === "at least" ? "≥" : "≤"} ${figure.goal.than}`;
    const what = figure.note === undefined ? figure.what : `${figure.what} (${figure.note})`;
    return `| ${what} | ${formatted(figure.value)} ${figure.unit} | ${goal} | ${verdict} |`;
  });
  return ["| what | measured | goal | met |", "| --- | --: | --: | --- |", ...rows].join("\n");
}

/** Three significant digits, and no more. */
function formatted(value: number): string {
  if (Number.isNaN(value)) return "?";
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
