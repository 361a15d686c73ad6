/** The exporter's list of metrics: `FIELD, type, help` a line, as the operator renders it. Pure. */

export interface ListedMetric {
  readonly field: string;
  readonly type: "gauge" | "counter" | "label";
  readonly help: string;
}

/** Fails for a malformed line or an unknown field, as the real exporter does at its start. */
export function parseList(csv: string, known: ReadonlySet<string>): readonly ListedMetric[] {
  const lines = csv.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [field = "", type = "", ...help] = line.split(",").map((word) => word.trim());
    if (type !== "gauge" && type !== "counter" && type !== "label") throw new Error(`malformed line: ${line}`);
    // To the real exporter, a comma in the help is one column too many.
    if (help.length !== 1) throw new Error(`malformed line: ${line}`);
    if (!known.has(field)) throw new Error(`could not find DCGM field; field: ${field}`);
    return { field, type, help: help[0] ?? "" };
  });
}
