/** Writes `crds/` and `docs/reference/`; with `--check` it only says what is stale, and exits 1. */
// oxlint-disable no-restricted-imports, no-restricted-globals -- the one program in this room: it writes what the rest computes
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { customResourceDefinitions } from "./crd/crds.ts";
import { referencePage } from "./crd/reference.ts";
import { crdYaml } from "./crd/yaml.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Everything in these folders is ours: what is in none of them any more is stale, too. */
const folders: Readonly<Record<string, ReadonlyMap<string, string>>> = {
  crds: new Map(customResourceDefinitions.map((crd) => [`${crd.metadata.name}.yaml`, crdYaml(crd)])),
  "docs/reference": new Map(
    customResourceDefinitions.map((crd) => [`${crd.spec.names.singular}.md`, referencePage(crd)]),
  ),
};

for (const [folder, wanted] of Object.entries(folders)) {
  await mkdir(join(root, folder), { recursive: true });
  const present = await readdir(join(root, folder));
  for (const name of new Set([...wanted.keys(), ...present])) {
    const path = join(folder, name);
    const text = wanted.get(name);
    const before = present.includes(name) ? await readFile(join(root, path), "utf8") : undefined;
    if (text === before) continue;
    if (process.argv.includes("--check")) {
      process.stderr.write(`${path} is stale: run "make generate"\n`);
      process.exitCode = 1;
    } else {
      await (text === undefined ? rm(join(root, path)) : writeFile(join(root, path), text));
      process.stdout.write(`${path} ${text === undefined ? "removed" : "written"}\n`);
    }
  }
}
