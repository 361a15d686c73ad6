/** Admission, deadlines and the death of workers, with workers that do as they are told. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import sharp from "sharp";
import { readConfig } from "../config/read-config.ts";
import { PipelineError } from "../work/pipeline-error.ts";
import { WorkerPipeline } from "./worker-pipeline.ts";
import type { PipelineObserver } from "../work/observer.ts";

const options = { format: "jpeg" as const, quality: 85 };
const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
  .jpeg()
  .toBuffer();

/** A picture that tells its worker what to do. */
function picture(wish: "die!" | "hang" | "late" | "fine"): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([jpeg, Buffer.from(wish)]));
}

class Counts implements PipelineObserver {
  readonly failures: string[] = [];
  readonly deaths: string[] = [];
  finishedCount = 0;
  modelLoaded(): void {}
  finished(): void {
    this.finishedCount++;
  }
  failed(kind: string): void {
    this.failures.push(kind);
  }
  batch(): void {}
  workerDied(reason: string): void {
    this.deaths.push(reason);
  }
}

interface Setup extends AsyncDisposable {
  readonly pipeline: WorkerPipeline;
  readonly counts: Counts;
}

async function started(text = "", workers = 1): Promise<Setup> {
  const reading = readConfig(text, {});
  if (reading.kind === "wrong") assert.fail(JSON.stringify(reading.values));
  const counts = new Counts();
  const program = new URL("testing-worker.ts", import.meta.url);
  const pipeline = new WorkerPipeline({ settings: reading.settings, workers, observer: counts, program });
  await pipeline.started;
  return { pipeline, counts, [Symbol.asyncDispose]: () => pipeline.close() };
}

/** The kind of the error that it rejects with. */
async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    assert.ok(error instanceof PipelineError, String(error));
    return error.kind;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5);
}

describe("the pipeline", () => {
  it("fails only the requests of a worker that dies, and is ready again by itself", async () => {
    await using setup = await started("", 2);
    const { pipeline, counts } = setup;
    await until(() => pipeline.workers.ready === 2);
    const dying = pipeline.process(picture("die!"), options);
    const other = pipeline.process(picture("fine"), options);
    assert.deepEqual([await failure(dying), await failure(other)], ["worker-died", "none"]);
    assert.deepEqual(counts.deaths, ["told to die"]);
    await until(() => pipeline.workers.ready === 2);
    assert.deepEqual(pipeline.workers, { total: 2, ready: 2, restarts: 1 });
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "none");
  });

  it("refuses while its only worker is being replaced", async () => {
    await using setup = await started();
    const { pipeline } = setup;
    assert.equal(await failure(pipeline.process(picture("die!"), options)), "worker-died");
    assert.equal(pipeline.ready, false);
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "not-ready");
    await until(() => pipeline.ready);
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "none");
  });

  it("refuses at once what would be too many", async () => {
    await using setup = await started("{queue: {maxDepth: 2}, requestTimeout: 60s}");
    const { pipeline, counts } = setup;
    const held = [1, 2, 3].map(() => failure(pipeline.process(picture("hang"), options)));
    await until(() => pipeline.queued === 2);
    const refused = pipeline.process(picture("fine"), options);
    await assert.rejects(refused, { kind: "queue-full", status: 503, retryAfter: 1 });
    assert.throws(() => pipeline.checkAdmission(), { kind: "queue-full", status: 503, retryAfter: 1 });
    assert.deepEqual(counts.failures, ["queue-full", "queue-full"]);
    await pipeline.close();
    assert.deepEqual(await Promise.all(held), ["draining", "draining", "draining"]);
  });

  it("refuses what would wait too long, by what the last ones took", async () => {
    await using setup = await started("{queue: {maxWait: 1500ms}, requestTimeout: 60s}");
    const { pipeline } = setup;
    // The worker says that a picture takes it a second.
    await pipeline.process(picture("fine"), options);
    const held = [1, 2].map(() => failure(pipeline.process(picture("hang"), options)));
    await assert.rejects(pipeline.process(picture("fine"), options), { kind: "queue-full", retryAfter: 2 });
    await pipeline.close();
    await Promise.all(held);
  });

  it("answers at the deadline what is not done by then, and replaces a worker that is stuck", async () => {
    await using setup = await started("{requestTimeout: 40ms}");
    const { pipeline } = setup;
    assert.equal(await failure(pipeline.process(picture("hang"), options)), "deadline");
    await until(() => pipeline.workers.restarts === 1 && pipeline.ready);
    assert.deepEqual([pipeline.active, pipeline.queued], [0, 0]);
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "none");
  });

  it("waits with the replacement of a worker that is held until it has ended, and ignores what it answers late", async () => {
    await using setup = await started("{requestTimeout: 40ms}");
    const { pipeline, counts } = setup;
    assert.equal(await failure(pipeline.process(picture("late"), options)), "deadline");
    await until(() => pipeline.heldForMs > 0);
    assert.deepEqual([pipeline.ready, pipeline.workers.restarts], [false, 0]);
    await until(() => pipeline.ready);
    assert.deepEqual([pipeline.heldForMs, pipeline.workers.restarts, counts.finishedCount], [0, 1, 0]);
    assert.deepEqual(counts.deaths, ["it did not answer in time"]);
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "none");
  });

  it("drops what its client no longer waits for", async () => {
    await using setup = await started("{requestTimeout: 60s}");
    const { pipeline, counts } = setup;
    const first = failure(pipeline.process(picture("hang"), options));
    const leaving = new AbortController();
    const second = failure(pipeline.process(picture("fine"), options, leaving.signal));
    assert.equal(pipeline.queued, 1);
    leaving.abort();
    assert.equal(await second, "aborted");
    assert.equal(pipeline.queued, 0);
    assert.equal(await failure(pipeline.process(picture("fine"), options, leaving.signal)), "aborted");
    assert.deepEqual(counts.failures, ["aborted", "aborted"]);
    await pipeline.close();
    await first;
  });

  it("ends when all that was accepted has been answered", async () => {
    await using setup = await started();
    const { pipeline } = setup;
    const accepted = Array.from({ length: 20 }, () => failure(pipeline.process(picture("fine"), options)));
    const drained = pipeline.drain();
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "draining");
    await drained;
    assert.deepEqual(new Set(await Promise.all(accepted)), new Set(["none"]));
  });
});
