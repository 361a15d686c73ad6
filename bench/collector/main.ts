/** What the collector costs, in a process of its own: CPU in per cent of one core, and memory. Prints a table. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Command, Option } from "commander";
import type { Cost } from "./collect.ts";

const flags = new Command("bench-collector")
  .addOption(
    new Option("--pods <list>", "how many pods, one run each")
      .argParser((text) => text.split(",").map(Number))
      .default([1, 100, 1_000, 2_000]),
  )
  .addOption(new Option("--intervals <count>", "how many intervals of 15 s a run takes").argParser(Number).default(3))
  .parse()
  .opts<{ readonly pods: readonly number[]; readonly intervals: number }>();

const program = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const server = spawn(process.execPath, [program("pods.ts")], { stdio: ["pipe", "pipe", "inherit"] });
const [port] = (await once(server.stdout.setEncoding("utf8"), "data")) as [string];
const rows = ["| pods | polls/s | failed | CPU, % of a core | RSS | heap |", "| --: | --: | --: | --: | --: | --: |"];
for (const pods of flags.pods) {
  const parameters = [program("collect.ts"), String(pods), port.trim(), String(flags.intervals)];
  const { stdout } = await promisify(execFile)(process.execPath, parameters);
  const cost = JSON.parse(stdout) as Cost;
  const mebibytes = (value: number): string => `${Math.round(value)} MiB`;
  rows.push(
    `| ${pods} | ${cost.pollsPerSecond.toFixed(1)} | ${cost.failed} | ${cost.cpuPercent.toFixed(1)} | ${mebibytes(cost.rssMiB)} | ${mebibytes(cost.heapMiB)} |`,
  );
}
process.stdout.write(`${rows.join("\n")}\n`);
server.stdin.end();
