/** Writes the chart's generated files and `dist/install.yaml`; with `--check`, reports stale files and exits with 1. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chartFiles, withValuesTable } from "./chart.ts";
import { installYaml } from "./manifests.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const chart = "charts/gpumedia-operator";
const readme = `${chart}/README.md`;
const crds = `${chart}/files/crds`;
const check = process.argv.includes("--check");

const packageJson = JSON.parse(await readFile(join(root, "charts/install/package.json"), "utf8")) as {
  version: string;
};
const { version } = packageJson;
const expected = new Map([...chartFiles(version)].map(([path, text]) => [`${chart}/${path}`, text]));
expected.set(readme, withValuesTable((await read(readme)) ?? ""));
// Not committed, as it would be a third copy of the CRDs; a release has it.
if (!check) expected.set("dist/install.yaml", installYaml(version));

for (const [path, text] of expected) {
  if (text === (await read(path))) continue;
  if (check) stale(path);
  else {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    process.stdout.write(`${path} written\n`);
  }
}
// CRDs of kinds that no longer exist.
for (const name of await readdir(join(root, crds))) {
  if (expected.has(`${crds}/${name}`)) continue;
  if (check) stale(`${crds}/${name}`);
  else await rm(join(root, crds, name));
}

async function read(path: string): Promise<string | undefined> {
  return readFile(join(root, path), "utf8").catch(() => undefined);
}

function stale(path: string): void {
  process.stderr.write(`${path} is stale: run "make generate"\n`);
  process.exitCode = 1;
}
