/** Writes the tables of errors into docs/processor-api.md; with `--check` only reports whether they are stale, and exits 1. */
import { readFile, writeFile } from "node:fs/promises";
import { problemsByArea, type ProblemDefinition } from "./work/problems.ts";

const page = new URL("../../docs/processor-api.md", import.meta.url);
const [begin, end] = ["edit the table there. -->\n", "<!-- end of generated text -->"];

const tables = Object.entries(problemsByArea)
  .map(([area, entries]) => `### ${area}\n\n${table(Object.entries(entries))}`)
  .join("\n\n");
const before = await readFile(page, "utf8");
const [head = "", rest = ""] = before.split(begin);
const [, tail] = rest.split(end);
if (tail === undefined) throw new Error("docs/processor-api.md has lost the comments around its generated tables");
const after = `${head}${begin}\n${tables}\n\n${end}${tail}`;
if (after !== before && process.argv.includes("--check")) {
  process.stderr.write('docs/processor-api.md is stale: run "make generate"\n');
  process.exitCode = 1;
} else if (after !== before) {
  await writeFile(page, after);
  process.stdout.write("docs/processor-api.md written\n");
}

/** As the formatter writes it: columns padded to their widest cell. */
function table(entries: readonly (readonly [code: string, problem: ProblemDefinition])[]): string {
  const rows = entries.map(([code, { status, when, nextStep }]) => [String(status), `\`${code}\``, when, nextStep]);
  const titles = ["Status", "Type", "When", "What to do"];
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(titles), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
