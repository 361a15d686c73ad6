/**
 * The programs of a neighbour that is a Go module, built once into the cache of the cluster's programs. Its folder beside this file
 * has the go.mod that pins the version, and the sums of the module and of what its own go.sum lacks.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { moduleDirectoriesOf } from "../cluster/module-directories.ts";
import { buildOnce } from "../cluster/tools-build.ts";
import { linkerFlags, moduleVersion } from "../cluster/tools-families.ts";
import { cacheDirectory } from "../cluster/tools.ts";
import { copyModule, type Edit } from "./module-source.ts";

export interface PeerModule<Program extends string> {
  /** Of its folder here, and of its programs' folder in the cache. */
  readonly name: string;
  readonly module: string;
  /** Package of each program: its folder within the module, or the module's path for its root. */
  readonly programs: Readonly<Record<Program, string>>;
  /** What is left out of its source. Default: nothing. */
  readonly edits?: readonly Edit[];
  /** The version of Go that it needs, where a machine's own may be older, such as "go1.27.0". Default: the machine's setting. */
  readonly toolchain?: string;
}

/** Paths of all its programs. A cold build takes minutes: await it while mocha loads the specs, when no hook's timeout runs. */
export async function peerPrograms<Program extends string>(
  peer: PeerModule<Program>,
): Promise<Readonly<Record<Program, string>>> {
  const { name, module, programs: packages, edits = [], toolchain } = peer;
  const directory = folderOf(peer);
  const [goMod = "", goSum = ""] = await Promise.all(
    ["go.mod", "go.sum"].map((file) => readFile(join(directory, file), "utf8")),
  );
  const version = moduleVersion(goMod, module);
  const digest = createHash("sha256")
    .update(JSON.stringify([goMod, goSum, edits, packages]))
    .digest("hex");
  const key = `${name}-${version}-${process.arch}-${digest.slice(0, 12)}`;
  const target = join(cacheDirectory(), "tools", key);
  const copySource = async (to: string): Promise<void> => copyModule(await sourceOf(peer), to, edits, goSum);
  const names = Object.keys(packages) as Program[];
  await buildOnce(
    { directory, version, key, packages, ldflags: linkerFlags(version), copySource, toolchain },
    names,
    target,
  );
  return Object.fromEntries(names.map((program) => [program, join(target, program)])) as Record<Program, string>;
}

/** The module's folder, with its CRDs and roles; the first call downloads it. */
export async function sourceOf(peer: Pick<PeerModule<never>, "name" | "module" | "toolchain">): Promise<string> {
  const { module, toolchain } = peer;
  return (await moduleDirectoriesOf(folderOf(peer), [module], toolchain))[module] ?? "";
}

function folderOf({ name }: { readonly name: string }): string {
  return fileURLToPath(new URL(`${name}/`, import.meta.url));
}
