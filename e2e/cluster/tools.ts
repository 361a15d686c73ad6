/**
 * The programs of a cluster, as paths: `await tool("kube-apiserver")`.
 *
 * They are built from Go modules (`tools/FAMILY/go.mod` pins the versions) once, into a cache outside the tree. Those of Kubernetes have the
 * version in GPUMEDIA_KUBERNETES. Nothing is built
 * that is on the machine already: in KUBEBUILDER_ASSETS, or where setup-envtest keeps the same minor version of Kubernetes.
 */
import { accessSync, constants, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { buildOnce } from "./tools-build.ts";
import { kubernetesVersion } from "./kubernetes-version.ts";
import { ToolError } from "./tool-error.ts";
import { familyOf, readFamily, type ToolName } from "./tools-families.ts";

export type { ToolName } from "./tools-families.ts";

type Environment = Readonly<Record<string, string | undefined>>;
type Family = ReturnType<typeof familyOf>;

/** The programs of every envtest folder. */
const kubebuilderPrograms: ReadonlySet<ToolName> = new Set(["etcd", "kube-apiserver", "kubectl"]);
/** What else a folder may have to be used; anything else is always built. */
const controlPlanePrograms: ReadonlySet<ToolName> = new Set([
  ...kubebuilderPrograms,
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
]);

/** The path of a program. The first call may take minutes and shows its progress on standard error. */
export async function tool(name: ToolName, env: Environment = process.env): Promise<string> {
  return (await tools([name], env))[name];
}

/** Paths of several programs. Families are built one after the other: the compiler uses all cores by itself. */
export async function tools<Name extends ToolName>(
  names: readonly Name[],
  env: Environment = process.env,
): Promise<Readonly<Record<Name, string>>> {
  const paths = new Map<Name, string>();
  const toBuild = new Map<Family, Name[]>();
  const chosen = kubernetesVersion(env);
  const { version } = await readFamily("kubernetes", chosen);
  for (const name of names) {
    const found = asset(name, env) ?? (await cached(name, env)) ?? envtestProgram(name, version, env);
    const family = familyOf(name);
    if (found === undefined) toBuild.set(family, [...(toBuild.get(family) ?? []), name]);
    else paths.set(name, found);
  }
  for (const [name, missing] of toBuild) {
    const family = await readFamily(name, chosen);
    const directory = join(cacheDirectory(env), "tools", family.key);
    await buildOnce(family, missing, directory);
    for (const program of missing) paths.set(program, join(directory, program));
  }
  return Object.fromEntries(paths) as Record<Name, string>;
}

/** GPUMEDIA_CACHE, or `gpumedia` in the user's cache directory. */
export function cacheDirectory({ GPUMEDIA_CACHE, XDG_CACHE_HOME, HOME }: Environment = process.env): string {
  if (GPUMEDIA_CACHE) return GPUMEDIA_CACHE;
  return join(XDG_CACHE_HOME || join(HOME || homedir(), ".cache"), "gpumedia");
}

async function cached(name: ToolName, env: Environment): Promise<string | undefined> {
  const { key } = await readFamily(familyOf(name), kubernetesVersion(env));
  return executable(join(cacheDirectory(env), "tools", key, name));
}

/** Fails when KUBEBUILDER_ASSETS lacks a program that each such folder has: its user means another folder. */
function asset(name: ToolName, { KUBEBUILDER_ASSETS: directory = "" }: Environment): string | undefined {
  if (directory === "" || !controlPlanePrograms.has(name)) return undefined;
  const found = executable(join(directory, name));
  if (found !== undefined || !kubebuilderPrograms.has(name)) return found;
  throw new ToolError(
    `KUBEBUILDER_ASSETS=${directory} has no executable ${name}: correct the path, or unset the variable`,
  );
}

/** From setup-envtest's default store, the latest patch of our minor version: tests rely on what that version does. */
function envtestProgram(name: ToolName, version: string, { XDG_DATA_HOME, HOME }: Environment): string | undefined {
  if (!controlPlanePrograms.has(name)) return undefined;
  const store = join(XDG_DATA_HOME || join(HOME || homedir(), ".local/share"), "kubebuilder-envtest/k8s");
  const [, minor = ""] = /^v(\d+\.\d+\.)/.exec(version) ?? [];
  const platform = `-linux-${process.arch === "x64" ? "amd64" : process.arch}`;
  return versionsIn(store)
    .filter((folder) => folder.startsWith(minor) && folder.endsWith(platform))
    .toSorted((a, b) => a.localeCompare(b, "en", { numeric: true }))
    .map((folder) => executable(join(store, folder, name)))
    .findLast((path) => path !== undefined);
}

function versionsIn(store: string): readonly string[] {
  try {
    return readdirSync(store);
  } catch {
    return [];
  }
}

function executable(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    return undefined;
  }
}
