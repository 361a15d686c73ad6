/** The exporter's list of metrics: `FIELD, type, help` a line, as the operator renders it. Pure. */

export interface ListedMetric {
  readonly field: string;
  readonly type: "gauge" | "counter" | "label";
  readonly help: string;
}

/** Fails, as the real exporter does at its start, with a line that it does not understand or a field that it does not know. */
export function parseList(csv: string, known: ReadonlySet<string>): readonly ListedMetric[] {
  const lines = csv.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  return lines.map((line) => {
    const [field = "", type = "", ...help] = line.split(",").map((word) => word.trim());
    if (type !== "gauge" && type !== "counter" && type !== "label") throw new Error(`malformed line: ${line}`);
    // A comma in the help is one column too many to the real one.
    if (help.length !== 1) throw new Error(`malformed line: ${line}`);
    if (!known.has(field)) throw new Error(`could not find DCGM field; field: ${field}`);
    return { field, type, help: help[0] ?? "" };
  });
}
