/**
 * `make test-peers`: the specs with other projects' controllers beside ours, one neighbour after another, or the one in PEER. The
 * first run builds their programs, and prints how long each build took. The last line has the totals. Exit status 1 if anything failed.
 */
import { globSync } from "node:fs";
import { basename } from "node:path";
import { mocha, root, runJob, showFailures, type Job, type Result } from "./job.ts";
import { formatTotals, sum } from "./totals.ts";

const files = globSync("e2e/peers/*.spec.ts", { cwd: root }).toSorted();
const nameOf = (file: string): string => basename(file, ".spec.ts");
const { PEER: chosen = "" } = process.env;
const jobs = files
  .filter((file) => chosen === "" || nameOf(file) === chosen)
  .map((file): Job => ({ name: nameOf(file), command: [...mocha, file] }));

if (jobs.length === 0) {
  process.stderr.write(`PEER=${chosen} is none of ${files.map(nameOf).join(", ")}\n`);
  process.exit(2);
}
const width = Math.max(...jobs.map(({ name }) => name.length));
const results: Result[] = [];
// One after another: each has a control plane, and their programs build with all cores.
for (const job of jobs) results.push(await runJob(job, width));

const totals = sum(results.map((result) => result.totals));
process.exitCode = totals.failed > 0 ? 1 : 0;
showFailures(results);
process.stdout.write(`${formatTotals(totals)}\n`);
