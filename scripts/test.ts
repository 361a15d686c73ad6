/**
 * `make test`: every check and every test, also after a failure, and the sum of their totals as the last line. Each check (types,
 * lint, …) counts as one test. Exit status 1 if anything failed.
 *
 *     checks ──▶ unit tests ──▶ end-to-end specs, in shards at the same time
 *     control plane (minutes the first time, at a lower priority) ─┘
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { shardsOf } from "./shards.ts";
import { failuresIn, formatTotals, sum, totalsOf, type Totals } from "./totals.ts";

const checks = ["typecheck", "lint", "format:check", "unused", "generate:check"];
const root = fileURLToPath(new URL("..", import.meta.url));
const niceness = 10;
/** One for all, so that the line that is printed repeats any of them. */
const seed = process.env.SEED ?? String(Math.floor(Math.random() * 2 ** 31));

interface Result {
  readonly name: string;
  /** The command that repeats it. */
  readonly command: string;
  readonly totals: Totals;
  readonly output: string;
}

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

/** Shows each line as it is written, after the prefix. */
async function run(
  name: string,
  [program, ...parameters]: readonly [string, ...string[]],
  prefix = "",
): Promise<Result> {
  process.stdout.write(`\n── ${name}\n`);
  const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn(program, parameters, {
    cwd: root,
    env: { ...process.env, ...colours, SEED: seed },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  createInterface(child.stdout).on("line", (line) => {
    output += `${line}\n`;
    process.stdout.write(`${prefix}${line}\n`);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (code !== 0) process.stdout.write(`${name} failed (${signal ?? `exit status ${code}`})\n`);
  const command = [program, ...parameters.map((word) => (/[*{]/.test(word) ? `'${word}'` : word))].join(" ");
  return { name, command, totals: totalsOf(output, code ?? 1), output };
}

const built = buildControlPlane();
const results: Result[] = [];
for (const script of [...checks, "test:unit"]) results.push(await run(script, ["npm", "run", "--silent", script]));
await built;
const shards = shardsOf(globSync("e2e/specs/**/*.spec.ts", { cwd: root }));
const width = Math.max(...shards.map(({ name }) => name.length));
results.push(
  ...(await Promise.all(
    shards.map(({ name, files }) => {
      const mocha = ["npx", "mocha", "--config", ".mocharc.json", ...files] as const;
      return run(`end-to-end specs: ${name}`, mocha, `${name.padEnd(width)} │ `);
    }),
  )),
);

const total = sum(results.map(({ totals }) => totals));
const failed = results.filter(({ totals }) => totals.failed > 0);
process.exitCode = failed.length > 0 ? 1 : 0;
for (const { name, command, output } of failed) {
  process.stdout.write(`\nFailed: ${name}${failuresIn(output)}\nRepeat it with: SEED=${seed} ${command}\n`);
}
process.stdout.write(`\n${formatTotals(total)}\n`);
