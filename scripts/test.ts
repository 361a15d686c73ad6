/**
 * `make test`: every check and every test, also after a failure, and the sum of their totals as the last line. Each check (types,
 * lint, …) counts as one test. Exit status 1 if anything failed.
 *
 *     checks, unit tests, end-to-end specs: three at a time, since each of them waits for half of its time
 *     control plane (minutes the first time, at a lower priority) ──▶ specs
 */
import { globSync } from "node:fs";
import { buildControlPlane, mocha, root, runJob, showFailures, type Job, type Result } from "./job.ts";
import { specGroups } from "./spec-groups.ts";
import { formatTotals, sum } from "./totals.ts";

interface Part extends Job {
  /** Whether it needs a control plane. */
  readonly needsCluster: boolean;
}

const atATime = 3;
const checks = ["typecheck", "lint", "format:check", "unused", "generate:check"];

/** The longest ones first: at the end, no process must be left alone with a long one. */
function parts(): readonly Part[] {
  // A socket that a library leaves open must not keep a run from ending whose tests have all passed.
  const unit = (name: string, files: string): Part => ({
    name,
    command: [...mocha, "--exit", files],
    needsCluster: false,
  });
  const specs = specGroups(globSync("e2e/specs/**/*.spec.ts", { cwd: root }));
  return [
    // In two processes: each collection of garbage and each heap snapshot walks through all that the tests have loaded.
    unit("processor", "workload/**/*.test.ts"),
    ...specs.map(({ name, files }): Part => ({ name, command: [...mocha, ...files], needsCluster: true })),
    unit("unit", "{api,operator,charts,e2e,images,bench,bin,scripts}/**/*.test.ts"),
    ...checks.map((name): Part => ({ name, command: ["npm", "run", "--silent", name], needsCluster: false })),
  ];
}

let isBuilt = false;
// Also after a failure: the specs report it again, with its reason.
const built = buildControlPlane().then(() => {
  isBuilt = true;
});
const left = [...parts()];
const width = Math.max(...left.map(({ name }) => name.length));

/** What can start at once comes before what needs a control plane that is still being built. */
function nextPart(): Part | undefined {
  const at = left.findIndex(({ needsCluster }) => isBuilt || !needsCluster);
  return left.splice(Math.max(at, 0), 1)[0];
}

const results: Result[] = [];
await Promise.all(
  Array.from({ length: atATime }, async () => {
    for (let part = nextPart(); part !== undefined; part = nextPart()) {
      if (part.needsCluster) await built;
      results.push(await runJob(part, width));
    }
  }),
);

const totals = sum(results.map((result) => result.totals));
process.exitCode = totals.failed > 0 ? 1 : 0;
showFailures(results);
process.stdout.write(`${formatTotals(totals)}\n`);
