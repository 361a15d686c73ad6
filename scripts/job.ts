/** One command of a test run: its lines as they are written, after its name, then how it ended, and its totals. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compileCache } from "../e2e/cluster/compile-cache.ts";
import { failedTests, failuresIn, totalsOf, type Totals } from "./totals.ts";

export interface Job {
  readonly name: string;
  /** The command that repeats it. */
  readonly command: readonly [string, ...string[]];
}

export interface Result extends Job {
  readonly totals: Totals;
  readonly output: string;
  readonly seconds: number;
}

export const root = fileURLToPath(new URL("..", import.meta.url));
export const mocha = ["npx", "mocha", "--config", ".mocharc.json"] as const;
/** One for all, so that the line that is printed repeats any of them. */
export const seed = process.env.SEED ?? String(Math.floor(Math.random() * 2 ** 31));
const niceness = 10;

/** `width` is that of the longest name; `env` is added to the environment. */
export async function runJob<Of extends Job>(
  job: Of,
  width: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Of & Result> {
  const { name, command } = job;
  const [program, ...parameters] = command;
  const startedAt = performance.now();
  const show = (line: string): boolean => process.stdout.write(`${name.padEnd(width)} │ ${line}\n`);
  const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(program, parameters, {
    cwd: root,
    env: { ...process.env, ...colours, SEED: seed, NODE_COMPILE_CACHE: compileCache, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  createInterface(child.stdout).on("line", (line) => {
    output += `${line}\n`;
    show(line);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  const how = code === 0 ? "passed" : `failed (${signal ?? `exit status ${code}`})`;
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  show(`${how} after ${seconds} s`);
  return { ...job, totals: totalsOf(output, code ?? 1), output, seconds };
}

/** Builds the control plane below the priority of tests, which would otherwise wait for the compiler; true when it is there. */
export async function buildControlPlane(env: Readonly<Record<string, string>> = {}): Promise<boolean> {
  const program = `import { controlPlaneTools } from "${new URL("../e2e/cluster/control-plane.ts", import.meta.url).href}"; await controlPlaneTools();`;
  const builder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (builder.pid !== undefined) setPriority(builder.pid, niceness);
  return once(builder, "close").then(
    ([code]) => code === 0,
    () => false,
  );
}

/** Shows the failures of failed jobs with the command that repeats each; `before` it come the variables that it needs. */
export function showFailures(results: readonly Result[], before = ""): void {
  const failed = results.filter(({ totals }) => totals.failed > 0);
  for (const { name, command, output } of failed) {
    const repeat = `${before}SEED=${seed} ${command.join(" ")}`;
    process.stdout.write(`\nFailed: ${name}${failuresIn(output)}\nRepeat it with: ${repeat}\n`);
  }
  // Last, as some CI systems show only the end of a log.
  for (const { name, output } of failed) {
    const tests = failedTests(output);
    for (const test of tests.length > 0 ? tests : ["see above"]) process.stdout.write(`\nFailed: ${name}: ${test}`);
  }
  process.stdout.write("\n");
}
