/** Writes the tables of docs/processor-api.md. */
import { readFile } from "node:fs/promises";
import { writeGenerated } from "@gpumedia/api/src/generated.ts";
import { acceptedTypes } from "./routes/body/media-type.ts";
import { decodeWarningKinds } from "./core/decode-warnings.ts";
import { formats, type FormatDefinition } from "./core/picture.ts";
import { problemsByArea, type ProblemDefinition } from "./core/problems.ts";

const page = new URL("../../docs/processor-api.md", import.meta.url);
const end = "<!-- end of generated text -->";

/** By the file that has the table. */
const generated: Readonly<Record<string, string>> = {
  "workload/src/core/picture.ts": formatTable(Object.values(formats)),
  "workload/src/routes/body/media-type.ts": table(
    ["Content type", "Sent by"],
    acceptedTypes.map(({ type, sentBy }) => [type, sentBy]),
  ),
  "workload/src/core/decode-warnings.ts": table(
    ["Kind", "What the decoder found"],
    Object.entries(decodeWarningKinds).map(([kind, found]) => [`\`${kind}\``, found]),
  ),
  "workload/src/core/problems.ts": Object.entries(problemsByArea)
    .map(([area, entries]) => `### ${area}\n\n${problemTable(Object.entries(entries))}`)
    .join("\n\n"),
};

let text = await readFile(page, "utf8");
for (const [file, content] of Object.entries(generated)) {
  const begin = `<!-- Generated from ${file} by \`make generate\`; edit the table there. -->\n`;
  const [head = "", rest = ""] = text.split(begin);
  const at = rest.indexOf(end);
  if (at < 0) throw new Error(`docs/processor-api.md has lost the comments around the table of ${file}`);
  text = `${head}${begin}\n${content}\n\n${rest.slice(at)}`;
}
await writeGenerated(new Map([["docs/processor-api.md", text]]));

function formatTable(definitions: readonly FormatDefinition[]): string {
  return table(
    ["Format", "Content type", "Read", "Written: longest side", "Transparency", "`?quality=`"],
    definitions.map(({ name, mediaType, read, longestSide, transparency, quality }) => [
      name,
      `\`${mediaType}\``,
      read,
      longestSide.toLocaleString("en-US"),
      transparency ? "kept" : "put on white",
      quality ? "yes" : "no effect",
    ]),
  );
}

function problemTable(entries: readonly (readonly [code: string, problem: ProblemDefinition])[]): string {
  return table(
    ["Status", "Type", "When", "What to do"],
    entries.map(([code, { status, when, nextStep }]) => [String(status), `\`${code}\``, when, nextStep]),
  );
}

/** As the formatter writes it: columns padded to their widest cell. */
function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  return [line(titles), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
