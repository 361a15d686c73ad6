/** The folders of Go modules, for the files in them that are not Go. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { go } from "./tools-build.ts";
import { familyDirectory, moduleVersion } from "./tools-families.ts";

/** Folders of modules that `tools/FAMILY/go.mod` requires, by module path; the first call downloads them. */
export async function moduleDirectories(
  family: string,
  modules: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  return modules.length === 0 ? {} : moduleDirectoriesOf(familyDirectory(family), modules);
}

/** The same for the go.mod in a folder. */
export async function moduleDirectoriesOf(
  directory: string,
  modules: readonly string[],
  toolchain?: string,
): Promise<Readonly<Record<string, string>>> {
  const goMod = await readFile(join(directory, "go.mod"), "utf8");
  // Without the versions go would first load everything that these modules require, which is most of Kubernetes.
  const versioned = modules.map((module) => `${module}@${moduleVersion(goMod, module)}`);
  const output = await go(["mod", "download", "-json", ...versioned], { directory, toolchain });
  const downloaded = parseJsonSequence(output) as readonly { readonly Path: string; readonly Dir: string }[];
  return Object.fromEntries(downloaded.map(({ Path, Dir }) => [Path, Dir]));
}

/** go writes a sequence of indented objects, not an array. */
export function parseJsonSequence(text: string): readonly unknown[] {
  return JSON.parse(`[${text.trim().replaceAll(/^\}\n\{$/gm, "},{")}]`) as readonly unknown[];
}
