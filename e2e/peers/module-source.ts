/**
 * The source of a neighbour's Go module, copied so that it is the main module of its build: its own `replace` lines and versions
 * hold, as in the neighbour's releases. Small edits leave out what cannot be built here, each with its reason.
 */
import { execFile } from "node:child_process";
import { appendFile, glob, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Removes the files that `files`, a pattern, matches. */
interface Removal {
  readonly reason: string;
  readonly files: string;
  readonly except?: readonly string[];
}

/** Replaces the text of one file from the first `from` up to the next `until`, which stays. */
interface Replacement {
  readonly reason: string;
  readonly file: string;
  readonly from: string;
  readonly until: string;
  /** Default: nothing. */
  readonly by?: string;
}

export type Edit = Removal | Replacement;

/** Copies a module's folder, which go has made read-only, and edits it. `goSum` is added to the module's own sums. */
export async function copyModule(from: string, to: string, edits: readonly Edit[], goSum: string): Promise<void> {
  await promisify(execFile)("cp", ["-r", "--no-preserve=mode", from, to]);
  for (const edit of edits) await apply(edit, to);
  await appendFile(join(to, "go.sum"), goSum);
}

async function apply(edit: Edit, directory: string): Promise<void> {
  if ("files" in edit) return remove(edit, directory);
  const path = join(directory, edit.file);
  return writeFile(path, edited(await readFile(path, "utf8"), edit));
}

async function remove({ files, except = [] }: Removal, directory: string): Promise<void> {
  for await (const file of glob(files, { cwd: directory })) {
    if (!except.includes(file)) await rm(join(directory, file));
  }
}

/** Fails where the text is missing: another version of the module needs other edits. */
export function edited(text: string, { file, from, until, by = "" }: Replacement): string {
  const start = text.indexOf(from);
  const end = text.indexOf(until, start + from.length);
  if (start < 0 || end < 0)
    throw new Error(`${file} has no ${JSON.stringify(start < 0 ? from : until)}: update its edits`);
  return text.slice(0, start) + by + text.slice(end);
}
