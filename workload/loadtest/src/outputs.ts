/** Writes the result of a run to the requested outputs. */
import { open, writeFile } from "node:fs/promises";
import { styleText } from "node:util";
import type { RunOptions } from "./cli/options.ts";
import { htmlReport } from "./report/html.ts";
import { type Paint, resultTable } from "./report/table.ts";
import type { Result, Unreachable } from "./result/result.ts";
import { terminationMessage } from "./result/termination-message.ts";

type Outputs = Pick<RunOptions, "json" | "html" | "terminationMessage" | "quiet">;

/**
 * Why an output file cannot be written; null when all can. Checked before the first request: otherwise a run of half an hour
 * could lose its result.
 */
export async function whyNotWritable({ json, html, terminationMessage: message }: Outputs): Promise<string | null> {
  for (const file of [json === "-" ? null : json, html, message]) {
    if (file === null) continue;
    try {
      await (await open(file, "a")).close();
    } catch (error) {
      return `cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  return null;
}

/** When the JSON goes to standard output, the table goes to standard error, so that `| jq` works. */
export async function writeOutputs(outputs: Outputs, result: Result | Unreachable): Promise<void> {
  const json = `${JSON.stringify(result, null, 2)}\n`;
  if (!outputs.quiet) {
    const stream = outputs.json === "-" ? process.stderr : process.stdout;
    stream.write(resultTable(result, painter(stream)));
  }
  if (outputs.json === "-") process.stdout.write(json);
  else if (outputs.json !== null) await writeFile(outputs.json, json);
  if (outputs.html !== null) await writeFile(outputs.html, htmlReport(result));
  if (outputs.terminationMessage !== null) await writeFile(outputs.terminationMessage, terminationMessage(result));
}

/** Colours if the stream supports them; respects NO_COLOR and FORCE_COLOR. */
export function painter(stream: NodeJS.WriteStream): Paint {
  const styles = { good: "green", bad: "red", dim: "dim" } as const;
  return (kind, text) => styleText(styles[kind], text, { stream });
}
