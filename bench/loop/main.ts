/**
 * `make bench-loop`: measures the time from load to the autoscaler's decision on running processors, and the number of status writes
 * in steady states on fake nodes.
 */
import { cpus, loadavg, release, totalmem } from "node:os";
import { Command } from "commander";
import { measureDecisions } from "./decision.ts";
import { measureStatusWrites } from "./status-writes.ts";

const flags = new Command("bench-loop")
  .option("--runs <count>", "Number of load steps; 0 to skip.", Number, 5)
  .option("--sync-seconds <s>", "Interval of the autoscaler.", Number, 15)
  .option("--interval-seconds <s>", "Interval of reports.", Number, 15)
  .option(
    "--services <count>",
    "Number of services per load shape whose status writes are counted; 0 to skip.",
    Number,
    30,
  )
  .option("--minutes <count>", "Duration of that measurement.", Number, 20)
  .parse()
  .opts<Record<"runs" | "syncSeconds" | "intervalSeconds" | "services" | "minutes", number>>();

const { runs, syncSeconds, intervalSeconds, services, minutes } = flags;
const busy = loadavg()[1]?.toFixed(1);
const machine = `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
process.stdout.write(`${machine}; load average ${busy} before the start\n`);
if (runs > 0) process.stdout.write(`\n${await measureDecisions({ runs, syncSeconds, intervalSeconds })}\n`);
if (services > 0) process.stdout.write(`\n${await measureStatusWrites(services, minutes)}\n`);
