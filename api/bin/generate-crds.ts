/** Writes `crds/*.yaml`; with `--check` it only says which are stale, and exits 1. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { customResourceDefinitions } from "../src/crd/crds.ts";
import { crdYaml } from "../src/crd/yaml.ts";

const folder = fileURLToPath(new URL("../../crds", import.meta.url));
const wanted = new Map(customResourceDefinitions.map((crd) => [`${crd.metadata.name}.yaml`, crdYaml(crd)]));

await mkdir(folder, { recursive: true });
const present = await readdir(folder);
const stale = [];
for (const name of new Set([...wanted.keys(), ...present])) {
  const text = present.includes(name) ? await readFile(join(folder, name), "utf8") : undefined;
  if (text !== wanted.get(name)) stale.push(name);
}

if (process.argv.includes("--check")) {
  for (const name of stale) process.stderr.write(`crds/${name} is stale: run "npm run crds"\n`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  for (const name of stale) {
    const text = wanted.get(name);
    await (text === undefined ? rm(join(folder, name)) : writeFile(join(folder, name), text));
    process.stdout.write(`crds/${name} ${text === undefined ? "removed" : "written"}\n`);
  }
}
