/**
 * `make test`: every check and every test, also after one has failed, and the sum of their totals as the last line.
 * Each check (types, lint, …) counts as one test. Exit status 1 if anything failed.
 *
 * The control plane of the end-to-end specs is built meanwhile: that takes minutes the first time.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import { formatTotals, sum, totalsOf, type Totals } from "./totals.ts";

const checks = ["typecheck", "lint", "format:check", "unused", "generate:check"];
const root = fileURLToPath(new URL("..", import.meta.url));
const niceness = 10;

/** Below the tests, which would otherwise wait for the compiler. */
function buildControlPlane(): Promise<void> {
  const program = `import { controlPlaneTools } from "${new URL("../e2e/cluster/control-plane.ts", import.meta.url).href}"; await controlPlaneTools();`;
  const builder = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (builder.pid !== undefined) setPriority(builder.pid, niceness);
  // A failure shows again, with its reason, in the specs.
  return once(builder, "close").then(
    () => {},
    () => {},
  );
}

/** Shows what the script prints while it runs. */
async function runScript(script: string): Promise<Totals> {
  process.stdout.write(`\n── ${script}\n`);
  const colours = process.stdout.isTTY ? { FORCE_COLOR: "1" } : {};
  const child = spawn("npm", ["run", "--silent", script], {
    cwd: root,
    env: { ...process.env, ...colours },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    process.stdout.write(chunk);
  });
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  if (code !== 0) process.stdout.write(`${script} failed (${signal ?? `exit status ${code}`})\n`);
  return totalsOf(output, code ?? 1);
}

const built = buildControlPlane();
const results: { readonly script: string; readonly totals: Totals }[] = [];
for (const script of [...checks, "test:unit", "test:e2e"]) {
  if (script === "test:e2e") await built;
  results.push({ script, totals: await runScript(script) });
}

const total = sum(results.map(({ totals }) => totals));
const failed = results.filter(({ totals }) => totals.failed > 0).map(({ script }) => script);
process.exitCode = failed.length > 0 ? 1 : 0;
process.stdout.write(`\n${failed.length > 0 ? `failed: ${failed.join(", ")}\n` : ""}${formatTotals(total)}\n`);
