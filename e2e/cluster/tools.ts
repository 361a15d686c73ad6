/**
 * The programs that a cluster consists of, as paths: `await tool("kube-apiserver")`.
 *
 * They are built from Go modules (`tools/FAMILY/go.mod` pins what goes into them) once, into a cache outside the tree.
 * With KUBEBUILDER_ASSETS, as setup-envtest sets it, its etcd, kube-apiserver and kubectl are taken instead.
 */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { buildOnce } from "./tools-build.ts";
import { ToolError } from "./tools-error.ts";
import { familyOf, readFamily, type ToolName } from "./tools-families.ts";

export type { ToolName } from "./tools-families.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const fromKubebuilder: ReadonlySet<ToolName> = new Set(["etcd", "kube-apiserver", "kubectl"]);

/** Where a program is; the first call may take minutes and shows its progress on standard error. */
export async function tool(name: ToolName, env: Environment = process.env): Promise<string> {
  const { KUBEBUILDER_ASSETS: assets = "" } = env;
  if (assets !== "" && fromKubebuilder.has(name)) return asset(assets, name);
  const family = await readFamily(familyOf(name));
  return buildOnce(family, name, join(cacheDirectory(env), "tools", family.key));
}

/** Several programs, built one after the other: the compiler uses all cores by itself. */
export async function tools<Name extends ToolName>(
  names: readonly Name[],
  env: Environment = process.env,
): Promise<Readonly<Record<Name, string>>> {
  const paths: [Name, string][] = [];
  for (const name of names) paths.push([name, await tool(name, env)]);
  return Object.fromEntries(paths) as Record<Name, string>;
}

/** GPUMEDIA_CACHE, else `gpumedia` in the user's cache directory. */
export function cacheDirectory({ GPUMEDIA_CACHE, XDG_CACHE_HOME, HOME }: Environment = process.env): string {
  if (GPUMEDIA_CACHE) return GPUMEDIA_CACHE;
  return join(XDG_CACHE_HOME || join(HOME || homedir(), ".cache"), "gpumedia");
}

async function asset(directory: string, name: ToolName): Promise<string> {
  const path = join(directory, name);
  try {
    await access(path, constants.X_OK);
  } catch {
    throw new ToolError(`KUBEBUILDER_ASSETS=${directory} has no ${name} that can be run: correct it, or unset it`);
  }
  return path;
}
