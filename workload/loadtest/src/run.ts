/** One run from start to result. */
import { createHash } from "node:crypto";
import { loadTestResultVersion } from "@gpumedia/api/src/load-test-client.ts";
import type { RunOptions } from "./cli/options.ts";
import { LatencyHistogram } from "./figures/histogram.ts";
import { Tally } from "./figures/tally.ts";
import { type Course, drive } from "./load/drive.ts";
import { rounded } from "./figures/quantities.ts";
import type { ClientFigures, LoadDescription, PictureDescription, Result, Unreachable } from "./result/result.ts";
import { type Earlier, summarise } from "./result/summarise.ts";
import type { Picture } from "./target/pictures.ts";
import { type Target, openTarget, probe } from "./target/target.ts";

export interface RunInputs {
  readonly options: RunOptions;
  readonly pictures: readonly Picture[];
  readonly against: Earlier | null;
  /** Aborted by a signal: no more requests are sent, and those in flight are cut off. */
  readonly interrupt: AbortSignal;
  /** Called once, when the clock starts. */
  readonly started: (tally: Tally, elapsedMs: () => number) => void;
}

const probeTimeoutMs = 5000;

export async function run(inputs: RunInputs): Promise<Result | Unreachable> {
  const { options, pictures } = inputs;
  const { url, load, thresholds } = options;
  const about = {
    scenario: options.scenario,
    target: url.href,
    load: describeLoad(options, pictures),
    startedAt: new Date().toISOString(),
  };
  const failure = await probe(url, Math.min(probeTimeoutMs, load.timeoutMs));
  if (failure !== null) {
    const reasons = [`cannot reach ${url.host}: ${failure.message}`];
    return { schema: loadTestResultVersion, verdict: "Unreachable", reasons, ...about };
  }
  const target = await openTargetOf(inputs);
  inputs.interrupt.addEventListener("abort", () => void target.close(), { once: true });
  await warmUp(inputs, target);
  const { tally, client } = await measure(inputs, target);
  await target.close();
  return summarise(tally, {
    ...about,
    pictures: pictures.map(describePicture),
    endedBy: howItEnded(inputs, tally),
    client,
    thresholds,
    against: inputs.against,
  });
}

async function openTargetOf({ options, pictures, interrupt }: RunInputs): Promise<Target> {
  const { scenario, url, headers, load, expectScale } = options;
  if (scenario !== "live") {
    const { concurrency: connections, timeoutMs: connectTimeoutMs } = load;
    return openTarget({ url, headers, connections, connectTimeoutMs, expectScale });
  }
  // Loaded when it is needed: WebRTC would take most of every start.
  const { openLiveTarget } = await import("./live/live-target.ts");
  const { concurrency: sessions, ratePerSecond, timeoutMs: connectTimeoutMs } = load;
  const framesPerSecond = (ratePerSecond ?? 0) / sessions;
  return openLiveTarget({
    url,
    headers,
    sessions,
    framesPerSecond,
    pictures,
    connectTimeoutMs,
    expectScale,
    interrupt,
  });
}

const warmUpClients = 10;
const warmUpAtMostMs = 10_000;

/**
 * Sends requests that are not measured. The first ones run code that the engine has not compiled yet: without a warm-up, the
 * slowest 5 % of a run of 100 requests are this program's own start.
 */
async function warmUp({ options, pictures, interrupt }: RunInputs, target: Target): Promise<void> {
  const { load, warmup } = options;
  if (warmup === 0) return;
  const nextPicture = inTurn(pictures);
  const startedAt = performance.now();
  const concurrency = Math.min(warmUpClients, load.concurrency);
  await drive(
    { ...load, requests: warmup, durationMs: warmUpAtMostMs, concurrency, ratePerSecond: null },
    {
      ...unobserved,
      elapsedMs: () => performance.now() - startedAt,
      stop: interrupt,
      async send(intendedMs, sentMs) {
        const { outcome } = await target.send(nextPicture(), load.timeoutMs);
        return { intendedMs, sentMs, endMs: 0, outcome };
      },
    },
  );
}

const unobserved: Pick<Course, "record" | "sentWithLag" | "queued"> = {
  record: () => undefined,
  sentWithLag: () => undefined,
  queued: () => undefined,
};

async function measure({ options, pictures, interrupt, started }: RunInputs, target: Target) {
  const { load } = options;
  const tally = new Tally();
  const sendLag = new LatencyHistogram();
  let queued = 0;
  const nextPicture = inTurn(pictures);
  const loopAtStart = performance.eventLoopUtilization();
  const startedAt = performance.now();
  const elapsedMs = () => performance.now() - startedAt;
  started(tally, elapsedMs);
  // A camera does not wait for the result of one frame before it sends the next.
  const concurrency = options.scenario === "live" ? Number.POSITIVE_INFINITY : load.concurrency;
  await drive(
    { ...load, concurrency },
    {
      elapsedMs,
      stop: interrupt,
      record: (sample) => tally.record(sample),
      sentWithLag: (lagMs) => sendLag.record(lagMs),
      queued: () => queued++,
      async send(intendedMs, sentMs) {
        const remainingMs = load.timeoutMs - (sentMs - intendedMs);
        const { endedAt, outcome } = await target.send(nextPicture(), remainingMs);
        return { intendedMs, sentMs, endMs: endedAt - startedAt, outcome };
      },
    },
  );
  const client: ClientFigures = {
    eventLoopUtilization: rounded(performance.eventLoopUtilization(loopAtStart).utilization),
    sendLagMs: sendLag.count === 0 ? null : { p99: sendLag.percentile(99), max: sendLag.max },
    queued,
  };
  return { tally, client };
}

/** A run ends by duration when not all of its requests were sent by then. */
function howItEnded({ interrupt, options }: RunInputs, { counts }: Tally): Result["endedBy"] {
  if (interrupt.aborted) return "signal";
  return counts.accepted + counts.rejected + counts.failed >= options.load.requests ? "requests" : "duration";
}

function inTurn(pictures: readonly Picture[]): () => Picture {
  let turn = 0;
  return () => {
    const picture = pictures[turn++ % pictures.length];
    if (picture === undefined) throw new Error("a run needs a picture");
    return picture;
  };
}

/** The load as the result describes it. */
export function describeLoad({ load, warmup }: RunOptions, pictures: readonly Picture[]): LoadDescription {
  const digest = createHash("sha256");
  for (const { sha256 } of pictures) digest.update(sha256);
  return {
    concurrency: load.concurrency,
    requests: Number.isFinite(load.requests) ? load.requests : null,
    durationSeconds: Number.isFinite(load.durationMs) ? load.durationMs / 1000 : null,
    ratePerSecond: load.ratePerSecond,
    warmupRequests: warmup,
    timeoutSeconds: load.timeoutMs / 1000,
    picturesDigest: digest.digest("hex"),
  };
}

function describePicture({ name, format, width, height, body }: Picture): PictureDescription {
  return { name, format, width, height, bytes: body.length };
}
