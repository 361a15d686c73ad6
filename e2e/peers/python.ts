/** Python with the packages of a requirements file, installed once into the cache of the cluster's programs. */
import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { withLock } from "../cluster/tools-lock.ts";
import { cacheDirectory } from "../cluster/tools.ts";

const run = promisify(execFile);

/** Why there is no Python; undefined if there is. */
export function whyNoPython(): string | undefined {
  return spawnSync("python3", ["-c", "import venv, ensurepip"]).status === 0
    ? undefined
    : "python3 with venv is not on the PATH: install Debian's package python3-venv";
}

/** Path of the interpreter. The first call downloads the packages, which takes about a minute. */
export async function pythonWith(requirements: string): Promise<string> {
  const digest = createHash("sha256")
    .update(await readFile(requirements))
    .digest("hex");
  const directory = join(cacheDirectory(), "python", digest.slice(0, 12));
  const python = join(directory, "bin", "python");
  const complete = join(directory, "complete");
  await withLock(directory, async () => {
    if (await exists(complete)) return;
    // What an installation has left that was ended.
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true });
    await run("python3", ["-m", "venv", directory]);
    await run(python, ["-m", "pip", "install", "--quiet", "--requirement", requirements]);
    await writeFile(complete, "");
  });
  return python;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
