/**
 * `make bench-loop`: how soon load leads to a decision, on processors that run, and how often statuses are written at a steady
 * state, on fake nodes. Prints tables.
 */
import { cpus, loadavg, release, totalmem } from "node:os";
import { Command, Option } from "commander";
import { measureDecisions } from "./decision.ts";
import { measureStatusWrites } from "./status-writes.ts";

const flags = new Command("bench-loop")
  .addOption(new Option("--runs <count>", "steps of load; 0: leave out").argParser(Number).default(5))
  .addOption(new Option("--sync-seconds <s>", "how often the autoscaler looks").argParser(Number).default(15))
  .addOption(new Option("--interval-seconds <s>", "how often pods are asked").argParser(Number).default(15))
  .addOption(
    new Option("--services <count>", "services of each kind of load whose statuses are watched; 0: leave out")
      .argParser(Number)
      .default(30),
  )
  .addOption(new Option("--minutes <count>", "how long they are watched").argParser(Number).default(20))
  .parse()
  .opts<Record<"runs" | "syncSeconds" | "intervalSeconds" | "services" | "minutes", number>>();

const { runs, syncSeconds, intervalSeconds, services, minutes } = flags;
const busy = loadavg()[1]?.toFixed(1);
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
process.stdout.write(`${machine}; load average ${busy} before the start\n`);
if (runs > 0) process.stdout.write(`\n${await measureDecisions({ runs, syncSeconds, intervalSeconds })}\n`);
if (services > 0) process.stdout.write(`\n${await measureStatusWrites(services, minutes)}\n`);
