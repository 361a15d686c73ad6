/** Writes generated files, for the programs of `make generate`. */
// oxlint-disable no-restricted-imports, no-restricted-globals -- only programs use this, to write their results
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Writes files by their paths below the root of this tree and removes other files from `folders`; with `--check`, lists
 * stale files instead and exits 1.
 */
export async function writeGenerated(
  files: ReadonlyMap<string, string>,
  folders: readonly string[] = [],
): Promise<void> {
  const present = folders.map(async (folder) => (await readdir(join(root, folder))).map((name) => join(folder, name)));
  for (const path of new Set([...files.keys(), ...(await Promise.all(present)).flat()])) {
    const text = files.get(path);
    if (text === (await readFile(join(root, path), "utf8").catch(() => undefined))) continue;
    if (process.argv.includes("--check")) {
      process.stderr.write(`${path} is stale: run "make generate"\n`);
      process.exitCode = 1;
      continue;
    }
    await mkdir(dirname(join(root, path)), { recursive: true });
    await (text === undefined ? rm(join(root, path)) : writeFile(join(root, path), text));
    process.stdout.write(`${path} ${text === undefined ? "removed" : "written"}\n`);
  }
}
