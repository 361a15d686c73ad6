/** `make bench`: measures the operator on a real control plane with fake nodes, and prints a table. */
import { writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { Command } from "commander";
import { measureComparison, type Comparison } from "./compare.ts";
import { measureCreation } from "./create.ts";
import { measureDirectWrites } from "./direct.ts";
import { measureEditsInStorm, measureIdleEdits } from "./edit.ts";
import { markdownTable, type Figure } from "./figure.ts";
import { withBenchCluster } from "./bench-cluster.ts";
import { serviceNames } from "./services.ts";
import { measureNoisyNeighbours } from "./noisy-neighbours.ts";
import { measureForeignStatuses, measureIdleReconciles, measureRestart } from "./settled.ts";

interface Flags {
  readonly counts: readonly number[];
  readonly storm: number;
  readonly noisyNeighbours: number;
  readonly json?: string;
  readonly profile?: string;
  readonly compareCommand?: string;
  readonly compareCrds?: string;
  readonly compareObject?: string;
}

const flags = new Command("bench")
  .option(
    "--counts <list>",
    "Numbers of services to create at once; the last group is also measured when settled.",
    (text) => text.split(",").map(Number),
    [100, 500, 1000],
  )
  .option("--storm <count>", "Number of services created at once while others are edited; 0 to skip.", Number, 1000)
  .option(
    "--noisy-neighbours <count>",
    "Number of services to edit beside as many healthy ones, and beside as many failing ones; 0 to skip.",
    Number,
    50,
  )
  .option("--json <file>", "File for all results.")
  .option("--profile <directory>", "Directory for a CPU profile of each operator process.")
  .option("--compare-command <command>", "Command that runs another operator, to compare with; it gets KUBECONFIG.")
  .option("--compare-crds <file>", "File with that operator's CRDs.")
  .option("--compare-object <file>", "File with one of its objects; NAME is replaced by a name.")
  .parse()
  .opts<Flags>();

const figures: Figure[] = [];

function report(measured: readonly Figure[]): void {
  figures.push(...measured);
  for (const { what, value, unit } of measured) process.stderr.write(`${what}: ${value.toPrecision(4)} ${unit}\n`);
}

const directServices = 100;
report(await withBenchCluster(directServices, undefined, (bench) => measureDirectWrites(bench, directServices)));

for (const count of flags.counts) {
  await withBenchCluster(count, flags.profile, async (bench) => {
    report(await measureCreation(bench, count));
    if (count !== flags.counts.at(-1)) return;
    const names = serviceNames(count);
    report(await measureIdleEdits(bench, names));
    report(await measureForeignStatuses(bench, names));
    report(await measureRestart(bench, names));
    report(await measureIdleReconciles(bench, names));
  });
}
if (flags.storm > 0)
  report(await withBenchCluster(flags.storm + 20, flags.profile, (bench) => measureEditsInStorm(bench, flags.storm)));
if (flags.noisyNeighbours > 0) {
  const services = 2 * flags.noisyNeighbours;
  report(
    await withBenchCluster(services, flags.profile, (given) => measureNoisyNeighbours(given, flags.noisyNeighbours)),
  );
}

const { compareCommand: command, compareCrds: crds, compareObject: object } = flags;
if (command !== undefined && crds !== undefined && object !== undefined) {
  const comparison: Comparison = { command, crds, object };
  report(
    await withBenchCluster(directServices, undefined, (bench) => measureComparison(bench, comparison, directServices)),
  );
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify({ machine, figures }, undefined, 2)}\n`);
process.stdout.write(`${machine}; control plane, fake nodes and benchmark share it\n\n${markdownTable(figures)}\n`);
