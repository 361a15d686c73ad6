/**
 * Overload: an open loop at ten times the capacity: `node bench/processor/overload.ts [--seconds S] [--times N] [--max-wait D]`.
 * Requests are sent at fixed times, whether earlier ones have been answered or not: first at half the capacity, then at ten times the
 * capacity, then at half of it again.
 */
import { mkdtempSync, readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { LatencyHistogram } from "../../workload/loadtest/src/figures/histogram.ts";
import { writePictures } from "./pictures.ts";
import { startProcessor, type Server } from "./servers.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "5" },
    times: { type: "string", default: "10" },
    "max-wait": { type: "string", default: "1s" },
  },
});
const seconds = Number(values.seconds);
const pictures = await writePictures(mkdtempSync(join(tmpdir(), "gpumedia-overload-")));
const body = readFileSync(pictures.large);
const agent = new Agent({ keepAlive: true, maxSockets: 4000 });
/** The overload should be over after this time. */
const settledMs = 2000;

interface Phase {
  readonly accepted: LatencyHistogram;
  readonly refused: LatencyHistogram;
  other: number;
}

const server = await startProcessor({ GPUMEDIA_MODEL_SIZE: "s", GPUMEDIA_QUEUE_MAX_WAIT: values["max-wait"] });
try {
  const capacity = await closedLoop(server, 3000);
  process.stdout.write(`capacity ${capacity.toFixed(1)} requests/s (closed loop of 4)\n\n`);
  process.stdout.write(
    "| phase | sent/s | accepted/s | p95 ms | p99 ms | 503/s | 503 p95 ms | p99 ms | other | peak RSS MiB |\n",
  );
  process.stdout.write("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n");
  print("half the capacity", capacity / 2, seconds, await openLoop(server, capacity / 2, seconds));
  const much = capacity * Number(values.times);
  print(`${values.times} times the capacity`, much, seconds, await openLoop(server, much, seconds));
  await pause(settledMs);
  print("half, 2 s after", capacity / 2, seconds, await openLoop(server, capacity / 2, seconds));
  process.stdout.write(`\ncapacity 2 s after: ${(await closedLoop(server, 3000)).toFixed(1)} requests/s\n`);
} finally {
  agent.destroy();
  await server.stop();
}

function print(name: string, rate: number, time: number, { accepted, refused, other }: Phase): void {
  const of = (histogram: LatencyHistogram, percent: number): string =>
    histogram.count === 0 ? "-" : histogram.percentile(percent).toFixed(1);
  const cells = [
    name,
    rate.toFixed(0),
    (accepted.count / time).toFixed(1),
    of(accepted, 95),
    of(accepted, 99),
    (refused.count / time).toFixed(1),
    of(refused, 95),
    of(refused, 99),
    other,
    Math.round(server.peakMiB()),
  ];
  process.stdout.write(`| ${cells.join(" | ")} |\n`);
}

/** Latencies count from the time at which a request was due: a late generator must not improve the server's results. */
async function openLoop(target: Server, perSecond: number, time: number): Promise<Phase> {
  const phase: Phase = { accepted: new LatencyHistogram(), refused: new LatencyHistogram(), other: 0 };
  const startedAt = performance.now();
  const responses: Promise<void>[] = [];
  for (let sent = 0; sent < perSecond * time; sent++) {
    const dueAt = startedAt + (sent * 1000) / perSecond;
    const early = dueAt - performance.now();
    if (early > 1) await pause(early);
    responses.push(
      send(target).then((status) => {
        const took = performance.now() - dueAt;
        if (status === 200) phase.accepted.record(took);
        else if (status === 503) phase.refused.record(took);
        else phase.other++;
      }),
    );
  }
  await Promise.all(responses);
  return phase;
}

async function closedLoop(target: Server, ms: number): Promise<number> {
  const endAt = performance.now() + ms;
  let count = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < endAt) {
      // A refusal is no work done.
      if ((await send(target)) === 200) count++;
    }
  };
  await Promise.all(Array.from({ length: 4 }, client));
  return (count * 1000) / ms;
}

/** The status; 0 when there was no answer. */
function send({ port }: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const headers = { "content-type": "image/jpeg", "content-length": body.length };
  const sent = request({ agent, port, host: "127.0.0.1", method: "POST", path: "/v1/process", headers }, (answer) => {
    answer.resume();
    answer.on("end", () => resolve(answer.statusCode ?? 0));
  });
  sent.on("error", () => resolve(0));
  sent.end(body);
  return promise;
}
