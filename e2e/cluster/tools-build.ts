/** Builds a program once, however many ask for it at a time; what is killed half way leaves nothing that could be run. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { dyingWithParent } from "./parent-death.ts";
import { ToolError } from "./tools-error.ts";
import type { Family } from "./tools-families.ts";
import { withLock } from "./tools-lock.ts";
import { showProgress, type Terminal } from "./tools-progress.ts";

/** Where a program is, in a directory that belongs to its family's key. */
export async function buildOnce(
  family: Family,
  program: string,
  directory: string,
  terminal: Terminal = process.stderr,
): Promise<string> {
  const path = join(directory, program);
  if (await exists(path)) return path;
  await mkdir(directory, { recursive: true });
  await withLock(path, async () => {
    // Another process may have built it while we waited for the lock.
    if (!(await exists(path))) await build(family, program, directory, terminal);
  });
  return path;
}

async function build(family: Family, program: string, directory: string, terminal: Terminal): Promise<void> {
  await removeUnfinished(directory, program);
  const unfinished = join(directory, unfinishedName(program, process.pid));
  const progress = showProgress(`${program} ${family.version}`, terminal);
  try {
    await go(["build", "-trimpath", "-ldflags", family.ldflags, "-o", unfinished, family.packages[program] ?? ""], {
      directory: family.directory,
      onError: progress.note,
    });
    // Renaming is atomic: whoever sees the program sees all of it.
    await rename(unfinished, join(directory, program));
    progress.done();
  } catch (error) {
    progress.failed();
    throw error;
  }
}

function unfinishedName(program: string, pid: number): string {
  return `.${program}.${pid}`;
}

/** What builds that were killed have left; we hold the lock, so nobody is writing there. */
async function removeUnfinished(directory: string, program: string): Promise<void> {
  const isUnfinished = (file: string): boolean => /^\d+$/.test(file.slice(unfinishedName(program, 0).length - 1));
  const prefix = `.${program}.`;
  const left = (await readdir(directory)).filter((file) => file.startsWith(prefix) && isUnfinished(file));
  await Promise.all(left.map((file) => rm(join(directory, file), { force: true })));
}

interface GoOptions {
  /** The folder of the go.mod. */
  readonly directory: string;
  /** Called with what go says while it works, e.g. that it downloads a module. */
  readonly onError?: (line: string) => void;
}

/** Runs go and returns what it wrote to standard output. */
export async function go(parameters: readonly string[], { directory, onError }: GoOptions): Promise<string> {
  // A go.work above the tree would decide the versions in place of our go.mod.
  const env = { ...process.env, GOWORK: "off" };
  const [command, ...rest] = dyingWithParent(["go", ...parameters]);
  const child = spawn(command, rest, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
    onError?.(text.trimEnd().split("\n").at(-1) ?? "");
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code === notFound) throw goIsMissing();
    if (code !== 0) throw new ToolError(`go ${parameters[0]} failed in ${directory}:\n${tail(errors)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw goIsMissing();
    throw error;
  }
  return output;
}

/** How setpriv ends when there is no such program. */
const notFound = 127;

function goIsMissing(): ToolError {
  return new ToolError(
    "go is not on the PATH, and the control plane is built with it: install Go 1.21 or later (it fetches the version that\n" +
      "go.mod asks for) from https://go.dev/dl/ or with your package manager, e.g. `apt-get install golang-go`",
  );
}

function tail(text: string): string {
  const lines = text.split("\n").filter((line) => !line.startsWith("go: downloading") && line !== "");
  return lines.slice(-20).join("\n");
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
