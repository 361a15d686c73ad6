/**
 * Compares our load test with k6 and wrk on one processor: `node bench/load-test/main.ts [--rounds N] [--seconds S] [--rate R] [--connections N]
 * [--model anime4k|tiny] [--picture large|small] [--only open,closed]`.
 * The generators take turns within each round, so that other load on the machine affects all of them; the result is the median of
 * the rounds. Then the processor is stopped for a second in the middle of a run of each: closed loops hardly show that.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { runK6, type Reported } from "../../e2e/peers/k6.ts";
import { runWrk } from "../../e2e/peers/wrk.ts";
import { median } from "../processor/figures.ts";
import { writePictures } from "../processor/pictures.ts";
import { startProcessor, type Server } from "../processor/servers.ts";
import { tinyModel } from "../processor/tiny-model.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "20" },
    rate: { type: "string", default: "5" },
    connections: { type: "string", default: "2" },
    model: { type: "string", default: "anime4k" },
    picture: { type: "string", default: "large" },
    only: { type: "string", default: "open,closed" },
  },
});
const seconds = Number(values.seconds);
const ratePerSecond = Number(values.rate);
const connections = Number(values.connections);
const stallMs = 1000;

const folder = mkdtempSync(join(tmpdir(), "gpumedia-bench-"));
const pictures = await writePictures(folder);
const picture = values.picture === "small" ? pictures.small : pictures.large;
const model = join(folder, "tiny.onnx");
writeFileSync(model, tinyModel());
const server = await startProcessor(
  values.model === "tiny" ? { GPUMEDIA_MODEL_NAME: "tiny", GPUMEDIA_MODEL_PATH: model } : { GPUMEDIA_MODEL_SIZE: "s" },
);
const url = `http://127.0.0.1:${server.port}/v1/process`;

/** Runs a generator; returns its report, or two with different times. */
type Generator = () => Promise<Readonly<Record<string, Reported>>>;
const ours = (loop: readonly string[]): Generator => {
  const program = fileURLToPath(new URL("../../workload/loadtest/bin/gpumedia-loadtest.js", import.meta.url));
  const parameters = [program, "--url", url, "--image", picture, "--duration", `${seconds}s`, "--quiet", "--json", "-"];
  return async () => reportsOf((await promisify(execFile)(process.execPath, [...parameters, ...loop])).stdout);
};
const open = [
  ours(["--rate", values.rate]),
  async () => ({ k6: await runK6({ url, picture, ratePerSecond, seconds }) }),
] as const;
const closed = [
  ours(["--concurrency", values.connections]),
  async () => ({ wrk: await runWrk({ url, picture, connections, seconds }) }),
] as const;

const loops = [
  ["open", `Open loop, ${ratePerSecond}/s`, open],
  ["closed", `Closed loop, ${connections} connections`, closed],
] as const;
try {
  for (const [name, title, generators] of loops) {
    if (!values.only.split(",").includes(name)) continue;
    await compare(title, generators);
    await compare(
      `${title}, with a stall of ${stallMs} ms`,
      generators.map((generator) => withStall(generator, server)),
    );
  }
} finally {
  await server.stop();
}

async function compare(title: string, generators: readonly Generator[]): Promise<void> {
  const rounds: Readonly<Record<string, Reported>>[] = [];
  const load: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const results: Record<string, Reported> = {};
    for (const generate of round % 2 === 0 ? generators : generators.toReversed()) {
      Object.assign(results, await generate());
      load.push(loadavg()[0] ?? Number.NaN);
    }
    rounds.push(results);
    process.stderr.write(`${title} ${round + 1}: ${JSON.stringify(results)}\n`);
  }
  const span = [Math.min(...load), Math.max(...load)].map((value) => value.toFixed(1)).join(" to ");
  process.stdout.write(`\n${title}; load average ${span}\n\n`);
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  process.stdout.write(row(["median of", "requests/s", "p50, ms", "p95, ms", "p99, ms", "failed"]));
  process.stdout.write(row(["---", "---", "---", "---", "---", "---"]));
  for (const name of Object.keys(rounds[0] ?? {}).toSorted()) {
    const reports = rounds.map((results) => results[name]).filter((report) => report !== undefined);
    const figures = (["perSecond", "p50", "p95", "p99"] as const).map((figure) =>
      median(reports.map((report) => report[figure])).toFixed(2),
    );
    const failed = reports.reduce((sum, report) => sum + report.failed, 0);
    process.stdout.write(row([name, ...figures, String(failed)]));
  }
}

/** Stops the processor's threads in the middle of the run. */
function withStall(run: Generator, { pid }: Server): Generator {
  return async () => {
    const running = run();
    await pause((seconds * 1000) / 2);
    process.kill(pid, "SIGSTOP");
    await pause(stallMs);
    process.kill(pid, "SIGCONT");
    return running;
  };
}

interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Of our load test, whose exit status is 0: no request may fail, and none does. */
function reportsOf(json: string): Readonly<Record<string, Reported>> {
  const { counts, figures, details } = JSON.parse(json) as {
    readonly counts: { readonly accepted: number; readonly failed: number; readonly rejected: number };
    readonly figures: { readonly requestsPerSecond: number; readonly latencyMs: Times };
    readonly details: { readonly serviceTimeMs: Times };
  };
  const failed = counts.failed + counts.rejected;
  const report = ({ p50, p95, p99 }: Times): Reported => {
    return { requests: counts.accepted + failed, failed, perSecond: figures.requestsPerSecond, p50, p95, p99 };
  };
  return {
    "gpumedia-loadtest, latency": report(figures.latencyMs),
    "gpumedia-loadtest, service time": report(details.serviceTimeMs),
  };
}
