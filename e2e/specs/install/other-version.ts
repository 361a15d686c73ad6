/**
 * The operator as another version, for upgrades and downgrades: a copy of this tree's whose package says so, or, with
 * OTHER_OPERATOR=REF, what a commit has (not in CI, whose clones may have one commit only).
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** What the operator runs from; the rest are packages of others. */
const parts = ["api", "bin", "operator"];

export interface OtherVersion extends AsyncDisposable {
  /** To be run in the place of this tree's. */
  readonly program: string;
}

export async function otherVersion(version: string, ref = process.env["OTHER_OPERATOR"] ?? ""): Promise<OtherVersion> {
  const directory = await mkdtemp(join(tmpdir(), "gpumedia-operator-"));
  await (ref === "" ? copyTree(directory) : extractCommit(ref, directory));
  const manifest = join(directory, "operator/package.json");
  const said = JSON.parse(await readFile(manifest, "utf8")) as object;
  await writeFile(manifest, JSON.stringify({ ...said, version }));
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

/** The packages of others are this tree's; the contract is the version's own. */
async function linkModules(directory: string): Promise<void> {
  const modules = join(directory, "node_modules");
  await mkdir(join(modules, "@gpumedia"), { recursive: true });
  await symlink(join(directory, "api"), join(modules, "@gpumedia/api"));
  const installed = await readdir(join(root, "node_modules"));
  for (const name of installed.filter((one) => one !== "@gpumedia" && !one.startsWith("."))) {
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
}
