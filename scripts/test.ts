/**
 * `make test`: every check and every test, also after a failure, and the sum of their totals as the last line. Each check (types,
 * lint, …) counts as one test. Exit status 1 if anything failed.
 *
 *     checks, unit tests, end-to-end specs: three at a time, since each of them waits for half of its time
 *     control plane (minutes the first time, at a lower priority) ──▶ specs
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { compileCache } from "../e2e/cluster/compile-cache.ts";
import { specGroups } from "./spec-groups.ts";
import { failedTests, failuresIn, formatTotals, sum, totalsOf, type Totals } from "./totals.ts";

interface Job {
  readonly name: string;
  /** The command that repeats it. */
  readonly command: readonly [string, ...string[]];
  /** Whether it needs a control plane. */
  readonly needsCluster: boolean;
}

interface Result extends Job {
  readonly totals: Totals;
  readonly output: string;
}

const root = fileURLToPath(new URL("..", import.meta.url));
const niceness = 10;
const atATime = 3;
const checks = ["typecheck", "lint", "format:check", "unused", "generate:check"];
/** One for all, so that the line that is printed repeats any of them. */
const seed = process.env.SEED ?? String(Math.floor(Math.random() * 2 ** 31));

/** Below the priority of the tests, which would otherwise wait for the compiler. */
function buildControlPlane(): Promise<void> {
  const program = `import { controlPlaneTools } from "${new URL("../e2e/cluster/control-plane.ts", import.meta.url).href}"; await controlPlaneTools();`;
  const builder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (builder.pid !== undefined) setPriority(builder.pid, niceness);
  // The specs report a failure again, with its reason.
  return once(builder, "close").then(
    () => {},
    () => {},
  );
}

/** The longest ones first: at the end, no process must be left alone with a long one. */
function jobs(): readonly Job[] {
  const mocha = ["npx", "mocha", "--config", ".mocharc.json"] as const;
  const unit = (name: string, files: string): Job => ({ name, command: [...mocha, files], needsCluster: false });
  const specs = specGroups(globSync("e2e/specs/**/*.spec.ts", { cwd: root }));
  return [
    // In two processes: each collection of garbage and each heap snapshot walks through all that the tests have loaded.
    unit("processor", "workload/**/*.test.ts"),
    ...specs.map(({ name, files }): Job => ({ name, command: [...mocha, ...files], needsCluster: true })),
    unit("unit", "{api,operator,charts,e2e,images,bench,bin,scripts}/**/*.test.ts"),
    ...checks.map((name): Job => ({ name, command: ["npm", "run", "--silent", name], needsCluster: false })),
  ];
}

/** Shows each line as it is written, after the job's name. */
async function run(job: Job, width: number): Promise<Result> {
  const { name, command, needsCluster } = job;
  if (needsCluster) await built;
  const [program, ...parameters] = command;
  const startedAt = performance.now();
  const show = (line: string): boolean => process.stdout.write(`${name.padEnd(width)} │ ${line}\n`);
  const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(program, parameters, {
    cwd: root,
    env: { ...process.env, ...colours, SEED: seed, NODE_COMPILE_CACHE: compileCache },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  createInterface(child.stdout).on("line", (line) => {
    output += `${line}\n`;
    show(line);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  const how = code === 0 ? "passed" : `failed (${signal ?? `exit status ${code}`})`;
  show(`${how} after ${Math.round((performance.now() - startedAt) / 1000)} s`);
  return { ...job, totals: totalsOf(output, code ?? 1), output };
}

let isBuilt = false;
const built = buildControlPlane().then(() => {
  isBuilt = true;
});
const left = [...jobs()];
const width = Math.max(...left.map(({ name }) => name.length));

/** What can start at once comes before what needs a control plane that is still being built. */
function nextJob(): Job | undefined {
  const at = left.findIndex(({ needsCluster }) => isBuilt || !needsCluster);
  return left.splice(Math.max(at, 0), 1)[0];
}

const results: Result[] = [];
await Promise.all(
  Array.from({ length: atATime }, async () => {
    for (let job = nextJob(); job !== undefined; job = nextJob()) results.push(await run(job, width));
  }),
);

const failed = results.filter(({ totals }) => totals.failed > 0);
process.exitCode = failed.length > 0 ? 1 : 0;
for (const { name, command, output } of failed) {
  process.stdout.write(`\nFailed: ${name}${failuresIn(output)}\nRepeat it with: SEED=${seed} ${command.join(" ")}\n`);
}
// Last, as some CI systems show only the end of a log.
for (const { name, output } of failed) {
  const tests = failedTests(output);
  for (const test of tests.length > 0 ? tests : ["see above"]) process.stdout.write(`\nFailed: ${name}: ${test}`);
}
process.stdout.write(`\n${formatTotals(sum(results.map(({ totals }) => totals)))}\n`);
