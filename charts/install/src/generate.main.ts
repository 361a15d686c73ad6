/** Writes what of the chart is generated, and `dist/install.yaml`; with `--check` only says what is stale, and exits 1. */
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
const wanted = new Map([...chartFiles(version)].map(([path, text]) => [`${chart}/${path}`, text]));
wanted.set(readme, withValuesTable((await read(readme)) ?? ""));
// No part of the tree: it would be a third copy of the CRDs. A release has it.
if (!check) wanted.set("dist/install.yaml", installYaml(version));

for (const [path, text] of wanted) {
  if (text === (await read(path))) continue;
  if (check) stale(path);
  else {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    process.stdout.write(`${path} written\n`);
  }
}
// Of a kind that is no more.
for (const name of await readdir(join(root, crds))) {
  if (wanted.has(`${crds}/${name}`)) continue;
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
