/**
 * Sets the version of the tree: `node scripts/set-version.ts 0.2.0`; with --processor only that of the processor and its image.
 * `npm install --package-lock-only && make generate` then updates the lock file, the chart and the Dockerfiles.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { withProcessorTag, withVersion, type Manifest } from "./versions.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({ options: { processor: { type: "boolean" } }, allowPositionals: true });
const [version = ""] = positionals;
if (!/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/.test(version))
  throw new Error("usage: set-version.ts MAJOR.MINOR.PATCH [--processor]");
const part = values.processor ? "processor" : "rest";

async function edit(path: string, change: (text: string) => string): Promise<void> {
  const file = join(root, path);
  await writeFile(file, change(await readFile(file, "utf8")));
}

const { workspaces } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
  readonly workspaces: string[];
};
for (const workspace of [".", ...workspaces]) {
  await edit(join(workspace, "package.json"), (text) => {
    return `${JSON.stringify(withVersion(JSON.parse(text) as Manifest, version, part), null, 2)}\n`;
  });
}
if (part === "processor") await edit("charts/install/src/values.ts", (text) => withProcessorTag(text, version));
