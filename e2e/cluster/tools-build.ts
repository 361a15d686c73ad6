/** Builds the programs of a Go module once, whichever processes need them; a build that is killed leaves no half program. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { dyingWithParent } from "./parent-death.ts";
import { ToolError } from "./tool-error.ts";
import { executableName, type Family } from "./tools-families.ts";
import { withLock } from "./tools-lock.ts";
import { showProgress, type Progress, type Terminal } from "./tools-progress.ts";

/** Resolves when the directory, which belongs to the family's key, has these programs. */
export async function buildOnce(
  family: Family,
  programs: readonly string[],
  directory: string,
  terminal: Terminal = process.stderr,
): Promise<void> {
  if ((await missing(programs, directory)).length === 0) return;
  await mkdir(directory, { recursive: true });
  await withLock(directory, async () => {
    // Another process may have built them while we waited for the lock.
    const left = await missing(programs, directory);
    if (left.length > 0) await build(family, left, directory, terminal);
  });
}

// The linker drops the debug information: not to make it saves a seventh of the compiler's time.
const compilerFlags = ["-trimpath", "-gcflags=all=-dwarf=false"];
/** What linking a program counts for, in source files. */
const linkWeight = 150;

/** All in one call of go: it reads the modules once, and compiles while it links. */
async function build(
  family: Family,
  programs: readonly string[],
  directory: string,
  terminal: Terminal,
): Promise<void> {
  await removeUnfinished(directory);
  const unfinished = join(directory, `${unfinishedPrefix}${process.pid}`);
  await mkdir(unfinished);
  const packages = programs.map((program) => family.packages[program] ?? "");
  const source = join(unfinished, "source");
  const module = family.copySource === undefined ? family : { ...family, directory: source };
  const progress = showProgress(`${programs.join(", ")} ${family.version}`, terminal);
  try {
    await family.copySource?.(source);
    const flags = [...compilerFlags, "-ldflags", family.ldflags];
    const onError = await countingCompiler(module, flags, packages, progress);
    await go(["build", "-v", ...flags, "-o", `${unfinished}/`, ...packages], {
      directory: module.directory,
      toolchain: family.toolchain,
      onError,
    });
    // Renaming is atomic: a program that is there is complete.
    for (const [index, program] of programs.entries()) {
      await rename(join(unfinished, executableName(packages[index] ?? "")), join(directory, program));
    }
    progress.done();
  } catch (error) {
    progress.failed();
    throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

/** Handles the lines that `go build -v` writes, one for each package that it compiles. */
async function countingCompiler(
  family: Family,
  flags: readonly string[],
  packages: readonly string[],
  progress: Progress,
): Promise<(line: string) => void> {
  const { directory, toolchain } = family;
  const listed = await go(
    ["list", "-deps", ...flags, "-f", "{{if .Stale}}{{.ImportPath}} {{len .GoFiles}}{{end}}", ...packages],
    { directory, toolchain, onError: progress.note },
  );
  const weights = new Map<string, number>();
  for (const line of listed.split("\n").filter((text) => text !== "")) {
    const [name = "", files] = line.split(" ");
    weights.set(name, Number(files));
  }
  const total = weights.values().reduce((sum, weight) => sum + weight, packages.length * linkWeight);
  let done = 0;
  return (line) => {
    const weight = weights.get(line);
    if (weight === undefined) return progress.note(line);
    weights.delete(line);
    done += weight;
    return progress.update(done / total);
  };
}

const unfinishedPrefix = ".unfinished.";

/** Removes what builds that were killed have left. We hold the lock: no other build uses it. */
async function removeUnfinished(directory: string): Promise<void> {
  const left = (await readdir(directory)).filter((name) => name.startsWith(unfinishedPrefix));
  await Promise.all(left.map((name) => rm(join(directory, name), { recursive: true })));
}

interface GoOptions {
  /** The folder of the go.mod. */
  readonly directory: string;
  readonly toolchain?: string | undefined;
  /** Called with each line that go writes to standard error while it works, such as a module that it downloads. */
  readonly onError?: (line: string) => void;
}

/** Runs go and returns its standard output. */
export async function go(parameters: readonly string[], options: GoOptions): Promise<string> {
  const { directory, toolchain, onError } = options;
  // A go.work above the tree would decide the versions in place of our go.mod. Distributions set GOTOOLCHAIN to local.
  const env = { ...process.env, GOWORK: "off", ...(toolchain !== undefined && { GOTOOLCHAIN: toolchain }) };
  const [command, ...rest] = dyingWithParent(["go", ...parameters]);
  const child = spawn(command, rest, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const errors: string[] = [];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  createInterface(child.stderr).on("line", (line) => {
    errors.push(line);
    onError?.(line);
  });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    if (code === notFound) throw goIsMissing();
    if (code !== 0) throw new ToolError(`go ${parameters[0]} failed in ${directory}:\n${lastErrors(errors)}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw goIsMissing();
    throw error;
  }
  return output;
}

/** The exit code of setpriv when there is no such program. */
const notFound = 127;

function goIsMissing(): ToolError {
  return new ToolError(
    "go is not on the PATH, and it builds the control plane: install Go 1.21 or newer (it fetches the version that go.mod\n" +
      "requires) from https://go.dev/dl/ or with your package manager, e.g. `apt-get install golang-go`",
  );
}

/** Without downloads and the names of packages that were compiled. */
function lastErrors(lines: readonly string[]): string {
  return lines
    .filter((line) => !line.startsWith("go: downloading") && /[\s:]/.test(line))
    .slice(-20)
    .join("\n");
}

async function missing(programs: readonly string[], directory: string): Promise<readonly string[]> {
  const found = await Promise.all(
    programs.map((program) =>
      access(join(directory, program)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return programs.filter((_, index) => found[index] === false);
}
