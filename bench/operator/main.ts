/** `make bench`: the operator measured on a real control plane with fake nodes. Prints a table; `--json` keeps all figures. */
import { writeFile } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { Command, Option } from "commander";
import { measureComparison, type Comparison } from "./compare.ts";
import { measureCreation } from "./create.ts";
import { measureDirectWrites } from "./direct.ts";
import { measureEditsInStorm, measureIdleEdits } from "./edit.ts";
import { markdownTable, type Figure } from "./figure.ts";
import { withRoom } from "./room.ts";
import { serviceNames } from "./services.ts";
import { measureNeighbours } from "./neighbours.ts";
import { measureForeignStatuses, measureIdleVisits, measureRestart } from "./settled.ts";

interface Flags {
  readonly counts: readonly number[];
  readonly storm: number;
  readonly neighbours: number;
  readonly json?: string;
  readonly profile?: string;
  readonly compareCommand?: string;
  readonly compareCrds?: string;
  readonly compareObject?: string;
}

const flags = new Command("bench")
  .addOption(
    new Option("--counts <list>", "services created at once; the last stays for what is measured when settled")
      .argParser((text) => text.split(",").map(Number))
      .default([100, 500, 1000]),
  )
  .addOption(
    new Option("--storm <count>", "creates behind which edits wait; 0: leave out").argParser(Number).default(1000),
  )
  .addOption(
    new Option(
      "--neighbours <count>",
      "services that are edited beside as many healthy ones and as many in trouble; 0: leave out",
    )
      .argParser(Number)
      .default(50),
  )
  .addOption(new Option("--json <file>", "write all figures there"))
  .addOption(new Option("--profile <directory>", "write a CPU profile of each operator process there"))
  .addOption(new Option("--compare-command <command>", "another operator to measure in the same run; gets KUBECONFIG"))
  .addOption(new Option("--compare-crds <file>", "its CRDs"))
  .addOption(new Option("--compare-object <file>", "one of its objects; NAME stands for the name"))
  .parse()
  .opts<Flags>();

const figures: Figure[] = [];

function report(measured: readonly Figure[]): void {
  figures.push(...measured);
  for (const { what, value, unit } of measured) process.stderr.write(`${what}: ${value.toPrecision(4)} ${unit}\n`);
}

const directServices = 100;
report(await withRoom(directServices, undefined, (room) => measureDirectWrites(room, directServices)));

for (const count of flags.counts) {
  await withRoom(count, flags.profile, async (room) => {
    report(await measureCreation(room, count));
    if (count !== flags.counts.at(-1)) return;
    const names = serviceNames(count);
    report(await measureIdleEdits(room, names));
    report(await measureForeignStatuses(room, names));
    report(await measureRestart(room, names));
    report(await measureIdleVisits(room, names));
  });
}
if (flags.storm > 0)
  report(await withRoom(flags.storm + 20, flags.profile, (room) => measureEditsInStorm(room, flags.storm)));
if (flags.neighbours > 0) {
  const room = 2 * flags.neighbours;
  report(await withRoom(room, flags.profile, (given) => measureNeighbours(given, flags.neighbours)));
}

const { compareCommand: command, compareCrds: crds, compareObject: object } = flags;
if (command !== undefined && crds !== undefined && object !== undefined) {
  const comparison: Comparison = { command, crds, object };
  report(await withRoom(directServices, undefined, (room) => measureComparison(room, comparison, directServices)));
}

const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
if (flags.json !== undefined) await writeFile(flags.json, `${JSON.stringify({ machine, figures }, undefined, 2)}\n`);
process.stdout.write(`${machine}; control plane, fake nodes and benchmark share it\n\n${markdownTable(figures)}\n`);
