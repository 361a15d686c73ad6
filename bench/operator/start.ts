/** `npm run bench:start`: the memory of the operator until it is the leader, in turns with another version of it. */
import { Command } from "commander";
import { withBenchCluster, type BenchCluster } from "./bench-cluster.ts";
import { copyServices, servicesPerCopy } from "./copies.ts";
import { markdownTable, type Figure } from "./figure.ts";
import { operatorUser, runOperator } from "./operator-process.ts";
import { percentile } from "./percentile.ts";
import { createServices, follow, isReady, serviceNames, serviceType, untilQuiet } from "./services.ts";

interface Flags {
  readonly counts: readonly number[];
  readonly starts: number;
  readonly compare?: string;
}

const flags = new Command("bench:start")
  .option(
    "--counts <list>",
    `Numbers of settled services, each a multiple of ${servicesPerCopy} and at most ${100 * servicesPerCopy}.`,
    (text) => text.split(",").map(Number),
    [1000],
  )
  .option("--starts <count>", "How often each version is started.", Number, 5)
  .option(
    "--compare <program>",
    "operator/bin/gpumedia-operator.js of another version, started in turns with this one.",
  )
  .parse()
  .opts<Flags>();

interface Start {
  readonly peakMiB: number;
  readonly leadingMs: number;
}

/** Leaves settled services behind, and no controller that would work on the copies. */
async function settle(bench: BenchCluster, count: number): Promise<void> {
  const { cluster, namespace } = bench;
  bench.operator = await runOperator(cluster);
  await using services = await follow(cluster, serviceType, isReady);
  const created = createServices(cluster, namespace, serviceNames(servicesPerCopy));
  await services.when((all) => [...all].filter(Boolean).length === servicesPerCopy, "the services to be Ready");
  await created;
  await untilQuiet(cluster, operatorUser);
  await bench.operator.stop();
  bench.operator = undefined;
  for (const name of ["kube-controller-manager", "kube-scheduler", "kwok"]) await cluster.processes.kill(name);
  await copyServices(cluster, count / servicesPerCopy - 1);
  await services.when((all) => [...all].length === count, `${count} services`);
}

/** Ends at once when it leads: it would repair the copies, since the managers of their fields have digests of other names. */
async function start(bench: BenchCluster, program: string | undefined): Promise<Start> {
  const startedAt = Date.now();
  const operator = await runOperator(bench.cluster, [], undefined, program);
  bench.operator = operator;
  const leadingMs = Date.now() - startedAt;
  const { peakMiB } = await operator.memory();
  await operator.stop();
  bench.operator = undefined;
  return { peakMiB, leadingMs };
}

function figures(at: string, starts: readonly Start[]): readonly Figure[] {
  const peaks = starts.map(({ peakMiB }) => peakMiB);
  const times = starts.map(({ leadingMs }) => leadingMs / 1000);
  return [
    { what: `${at}: peak memory`, value: percentile(peaks, 0.5), unit: "MiB", note: peaks.join(", ") },
    { what: `${at}: it is the leader`, value: percentile(times, 0.5), unit: "s" },
  ];
}

const versions = new Map<string, string | undefined>([["this version", undefined]]);
if (flags.compare !== undefined) versions.set("the other version", flags.compare);

const rows: Figure[] = [];
for (const count of flags.counts) {
  await withBenchCluster(servicesPerCopy, undefined, async (bench) => {
    await settle(bench, count);
    const starts = new Map<string, Start[]>([...versions.keys()].map((name) => [name, []]));
    for (let turn = 0; turn < flags.starts; turn++) {
      // Neither version always starts after the other one.
      const order = turn % 2 === 0 ? [...versions] : [...versions].toReversed();
      for (const [name, program] of order) {
        const one = await start(bench, program);
        starts.get(name)?.push(one);
        process.stderr.write(`${count} services, ${name}: ${JSON.stringify(one)}\n`);
      }
    }
    for (const [name, all] of starts) rows.push(...figures(`start of ${name} with ${count} services`, all));
  });
}
process.stdout.write(`${markdownTable(rows)}\n`);
