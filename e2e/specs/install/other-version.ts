/**
 * Another version of the operator, for upgrades and downgrades: a copy of this tree's with another version number or, with
 * OTHER_OPERATOR=REF, that of a commit (not in CI, where a clone may have only one commit).
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** The operator's own code; all else are dependencies. */
const parts = ["api", "bin", "operator"];

export interface OtherVersion extends AsyncDisposable {
  /** Its entry point. */
  readonly program: string;
}

export async function otherVersion(version: string, ref = process.env["OTHER_OPERATOR"] ?? ""): Promise<OtherVersion> {
  const directory = await mkdtemp(join(tmpdir(), "gpumedia-operator-"));
  await (ref === "" ? copyTree(directory) : extractCommit(ref, directory));
  const manifest = join(directory, "operator/package.json");
  const original = JSON.parse(await readFile(manifest, "utf8")) as object;
  await writeFile(manifest, JSON.stringify({ ...original, version }));
  await linkModules(directory);
  return {
    program: join(directory, "operator/bin/gpumedia-operator.js"),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

async function copyTree(directory: string): Promise<void> {
  for (const part of parts) await cp(join(root, part), join(directory, part), { recursive: true });
}

async function extractCommit(ref: string, directory: string): Promise<void> {
  const archive = join(directory, "commit.tar");
  await promisify(execFile)("git", ["archive", "--output", archive, ref, ...parts], { cwd: root });
  await promisify(execFile)("tar", ["--extract", "--file", archive], { cwd: directory });
}

/** Links this tree's dependencies, except for the API package, which belongs to the version. */
async function linkModules(directory: string): Promise<void> {
  const modules = join(directory, "node_modules");
  await mkdir(join(modules, "@gpumedia"), { recursive: true });
  await symlink(join(directory, "api"), join(modules, "@gpumedia/api"));
  const installed = await readdir(join(root, "node_modules"));
  for (const name of installed.filter((one) => one !== "@gpumedia" && !one.startsWith("."))) {
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
}
