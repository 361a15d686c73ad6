/**
 * Overload: an open loop at ten times the capacity: `node bench/processor/overload.ts [--seconds S] [--times N] [--max-wait D]`.
 * Requests are sent at fixed times, whether earlier ones have been answered or not: first at half the capacity, then at ten times the
 * capacity, then at half of it again.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parseOptions } from "../../workload/loadtest/src/cli/options.ts";
import type { Result } from "../../workload/loadtest/src/result/result.ts";
import { run } from "../../workload/loadtest/src/run.ts";
import { loadPictures } from "../../workload/loadtest/src/target/pictures.ts";
import { writePictures } from "./pictures.ts";
import { startProcessor } from "./servers.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    times: { type: "string", default: "10" },
    "max-wait": { type: "string", default: "1s" },
  },
});
const { large } = await writePictures(mkdtempSync(join(tmpdir(), "gpumedia-overload-")));
/** The overload should be over after this time. */
const settledMs = 2000;

const server = await startProcessor({ GPUMEDIA_MODEL_SIZE: "s", GPUMEDIA_QUEUE_MAX_WAIT: values["max-wait"] });
try {
  const capacity = await measureCapacity();
  process.stdout.write(`capacity ${capacity.toFixed(1)} requests/s (closed loop of 4)\n\n`);
  process.stdout.write(
    "| phase | sent/s | accepted/s | p95 ms | p99 ms | 503/s | 503 p95 ms | p99 ms | other | peak RSS MiB |\n",
  );
  process.stdout.write("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  await measurePhase("half the capacity", capacity / 2);
  await measurePhase(`${values.times} times the capacity`, capacity * Number(values.times));
  await pause(settledMs);
  await measurePhase("half, 2 s after", capacity / 2);
  process.stdout.write(`\ncapacity 2 s after: ${(await measureCapacity()).toFixed(1)} requests/s\n`);
} finally {
  await server.stop();
}

async function measureCapacity(): Promise<number> {
  const { figures } = await load("--concurrency", "4", "--duration", "3s");
  return figures.requestsPerSecond;
}

/** Latencies count from the time at which a request was due: a late generator must not improve the server's results. */
async function measurePhase(name: string, rate: number): Promise<void> {
  const flags = ["--rate", rate.toFixed(3), "--duration", `${values.seconds}s`, "--concurrency", "4000"];
  const { figures, counts, details, elapsedSeconds } = await load(...flags);
  const of = (latencies: typeof figures.latencyMs) =>
    [latencies?.p95, latencies?.p99].map((ms) => ms?.toFixed(1) ?? "-");
  const cells = [
    name,
    rate.toFixed(0),
    figures.requestsPerSecond.toFixed(1),
    ...of(figures.latencyMs),
    (counts.rejected / elapsedSeconds).toFixed(1),
    ...of(details.rejectionLatencyMs),
    counts.failed,
    Math.round(server.peakMiB()),
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

/** Runs the load-test client in this process. */
async function load(...flags: readonly string[]): Promise<Result> {
  const target = ["--url", `http://127.0.0.1:${server.port}`, "--image", large, "--warmup", "0"];
  const options = parseOptions([...target, ...flags]);
  if (options.kind !== "run") throw new Error(JSON.stringify(options));
  const pictures = await loadPictures(options.images);
  if ("kind" in pictures) throw new Error(pictures.message);
  const interrupt = new AbortController().signal;
  const result = await run({ options, pictures, against: null, interrupt, started: () => undefined });
  if (result.verdict === "Unreachable") throw new Error(result.reasons.join());
  return result;
}
