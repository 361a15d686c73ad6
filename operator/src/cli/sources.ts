/** Reads the sources that `-f` names: files, directories, standard input. */
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { UsageError, type Terminal } from "./terminal.ts";

export interface Source {
  /** As messages name it. */
  readonly name: string;
  readonly text: string;
  /** Found in a directory rather than named by the user: it need not hold a Kubernetes object. */
  readonly found?: boolean;
}

const extensions: ReadonlySet<string> = new Set([".yaml", ".yml", ".json"]);

/** Returns sources in the given order, and those of a directory by name; `recursive` includes subdirectories. */
export async function readSources(
  paths: readonly string[],
  recursive: boolean,
  terminal: Pick<Terminal, "readInput">,
): Promise<readonly Source[]> {
  if (paths.filter((path) => path === "-").length > 1) throw new UsageError("-f - can be given only once");
  const sources: Source[] = [];
  for (const path of paths) {
    if (path === "-") sources.push({ name: "<stdin>", text: await terminal.readInput() });
    else {
      for (const file of await filesOf(path, recursive))
        sources.push({ name: file, text: await read(file), found: file !== path });
    }
  }
  return sources;
}

async function filesOf(path: string, recursive: boolean): Promise<readonly string[]> {
  if (!(await attempt(path, () => stat(path))).isDirectory()) return [path];
  const entries = await attempt(path, () => readdir(path, { recursive, withFileTypes: true }));
  const files = entries
    .filter((entry) => entry.isFile() && extensions.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  if (files.length === 0) throw new UsageError(`${path}: the directory has no .yaml, .yml or .json files`);
  return files;
}

function read(file: string): Promise<string> {
  return attempt(file, () => readFile(file, "utf8"));
}

async function attempt<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reasons: Readonly<Record<string, string>> = {
      ENOENT: "no such file or directory",
      EACCES: "permission denied",
    };
    throw new UsageError(`${path}: ${reasons[code ?? ""] ?? String(code)}`, { cause: error });
  }
}
