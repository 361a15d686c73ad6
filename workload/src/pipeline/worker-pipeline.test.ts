/** Admission, deadlines, draining and the death of workers, with scripted workers. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import sharp from "sharp";
import { readConfig } from "../config/read-config.ts";
import { PipelineError } from "../core/pipeline-error.ts";
import { WorkerPipeline } from "./worker-pipeline.ts";
import type { PipelineObserver } from "../core/observer.ts";

const options = { formats: ["jpeg" as const], quality: 85 };
const jpeg = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
  .jpeg()
  .toBuffer();

/** A picture that scripts its worker. */
function picture(script: "die!" | "hang" | "late" | "slow" | "fail" | "cold" | "fine"): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.concat([jpeg, Buffer.from(script)]));
}

class RecordingObserver implements PipelineObserver {
  readonly failures: string[] = [];
  readonly deaths: string[] = [];
  finishedCount = 0;
  modelLoaded(): void {}
  finished(): void {
    this.finishedCount++;
  }
  warned(): void {}
  failed(kind: string): void {
    this.failures.push(kind);
  }
  batch(): void {}
  coldRuns(): void {}
  workerDied(reason: string): void {
    this.deaths.push(reason);
  }
}

interface Setup extends AsyncDisposable {
  readonly pipeline: WorkerPipeline;
  readonly observed: RecordingObserver;
}

async function started(text = "", workers = 1, memoryBytes = 2 ** 33): Promise<Setup> {
  const reading = readConfig(text, {});
  if (reading.kind === "wrong") assert.fail(JSON.stringify(reading.values));
  const observed = new RecordingObserver();
  const program = new URL("scripted-worker.ts", import.meta.url);
  const pipeline = new WorkerPipeline({
    settings: reading.settings,
    workers,
    memoryBytes,
    observer: observed,
    program,
  });
  await pipeline.started;
  return { pipeline, observed, [Symbol.asyncDispose]: () => pipeline.close() };
}

/** The kind of the error that the promise rejects with, or "none". */
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

/** Lets all workers respond to the pictures that wait for it. */
function releaseWaiting(): void {
  const channel = new BroadcastChannel("scripted-worker");
  channel.postMessage("go");
  channel.close();
}

/** A slow machine may exceed a deadline of 40 ms once or twice. */
async function untilServed(pipeline: WorkerPipeline): Promise<void> {
  while ((await failure(pipeline.process(picture("fine"), options))) !== "none") await pause(5);
}

describe("the pipeline", () => {
  it("fails only the requests of a worker that dies, and recovers", async () => {
    await using setup = await started("", 2);
    const { pipeline, observed } = setup;
    await until(() => pipeline.workers.ready === 2);
    const dying = pipeline.process(picture("die!"), options);
    const other = pipeline.process(picture("fine"), options);
    assert.deepEqual([await failure(dying), await failure(other)], ["worker-died", "none"]);
    assert.deepEqual(observed.deaths, ["died on request"]);
    await until(() => pipeline.workers.ready === 2);
    assert.deepEqual(pipeline.workers, { total: 2, ready: 2, restarts: 1 });
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "none");
  });

  it("rejects while its only worker is being replaced", async () => {
    await using setup = await started();
    const { pipeline } = setup;
    assert.equal(await failure(pipeline.process(picture("die!"), options)), "worker-died");
    assert.equal(pipeline.ready, false);
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "not-ready");
    await until(() => pipeline.ready);
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "none");
  });

  it("rejects at once when the queue is full", async () => {
    await using setup = await started("{queue: {maxDepth: 2}, requestTimeout: 60s}");
    const { pipeline, observed } = setup;
    const pending = [1, 2, 3].map(() => failure(pipeline.process(picture("hang"), options)));
    await until(() => pipeline.queued === 2);
    const refused = pipeline.process(picture("fine"), options);
    await assert.rejects(refused, { kind: "queue-full", status: 503, retryAfter: 1 });
    assert.throws(() => pipeline.checkAdmission(), { kind: "queue-full", status: 503, retryAfter: 1 });
    assert.deepEqual(observed.failures, ["queue-full", "queue-full"]);
    await pipeline.close();
    assert.deepEqual(await Promise.all(pending), ["draining", "draining", "draining"]);
  });

  it("starts no picture that does not fit into memory beside the others, and none overtakes it", async () => {
    // The least budget, 16 MiB, holds two of these: 500x500 pixels of 24 bytes.
    await using setup = await started("{requestTimeout: 60s, batch: {maxSize: 1}}", 4, 0);
    const { pipeline } = setup;
    await until(() => pipeline.workers.ready === 4);
    const large = await sharp({ create: { width: 500, height: 500, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    const slow = () => failure(pipeline.process(new Uint8Array(Buffer.concat([large, Buffer.from("wait")])), options));
    const all = [slow(), slow(), slow(), failure(pipeline.process(picture("fine"), options))];
    await until(() => pipeline.active === 2);
    assert.deepEqual([pipeline.active, pipeline.queued], [2, 2]);
    releaseWaiting();
    assert.deepEqual(await Promise.all(all), ["none", "none", "none", "none"]);
  });

  it("starts no picture that does not fit beside the bodies of those behind it", async () => {
    // Of 16 MiB, 2 are taken by the first picture, 6 by the second and 12 by the third; the fourth waits with 4 MiB.
    await using setup = await started("{requestTimeout: 60s, batch: {maxSize: 1}}", 4, 0);
    const { pipeline } = setup;
    await until(() => pipeline.workers.ready === 4);
    const MiB = 2 ** 20;
    const [small, large] = await Promise.all(
      [290, 500].map(async (side) =>
        sharp({ create: { width: side, height: side, channels: 3, background: "red" } })
          .jpeg()
          .toBuffer(),
      ),
    );
    const send = (square: Buffer = jpeg, script: string, paddingBytes = 0): Promise<string> => {
      const bytes = Buffer.concat([square, Buffer.alloc(paddingBytes), Buffer.from(script)]);
      return failure(pipeline.process(new Uint8Array(bytes), options));
    };
    // All at once: the second one must not have finished before the others come.
    const hanging = send(small, "hang");
    const waiting = send(large, "wait");
    const padded = send(large, "fine", 3 * MiB);
    const behind = send(large, "fine", 4 * MiB);
    await until(() => pipeline.active === 2);
    assert.deepEqual([pipeline.active, pipeline.queued], [2, 2]);
    releaseWaiting();
    assert.equal(await waiting, "none");
    assert.deepEqual([pipeline.active, pipeline.queued], [1, 2]);
    await pipeline.close();
    assert.deepEqual(await Promise.all([hanging, padded, behind]), ["draining", "draining", "draining"]);
  });

  it("rejects a picture that no memory is left for, before any work", async () => {
    await using setup = await started("", 1, 0);
    const { pipeline } = setup;
    const large = await sharp({ create: { width: 1000, height: 1000, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    await assert.rejects(pipeline.process(new Uint8Array(large), options), {
      kind: "too-large",
      message:
        "the request needs about 23 MiB of memory, and the container has 16 MiB for pictures: send less, or raise its memory (GpuMediaService: resources.limits.memory)",
    });
  });

  it("rejects when the estimated wait is too long", async () => {
    await using setup = await started("{queue: {maxWait: 1500ms}, requestTimeout: 60s}");
    const { pipeline } = setup;
    // The worker reports that it was busy for a second; its first run of a shape does not count.
    await pipeline.process(picture("fine"), options);
    await pipeline.process(picture("fine"), options);
    const pending = [1, 2].map(() => failure(pipeline.process(picture("hang"), options)));
    await assert.rejects(pipeline.process(picture("fine"), options), { kind: "queue-full", retryAfter: 2 });
    await pipeline.close();
    await Promise.all(pending);
  });

  it("admits a burst after slow runs of new shapes", async () => {
    await using setup = await started("{queue: {maxWait: 1500ms}, requestTimeout: 60s}");
    const { pipeline } = setup;
    await pipeline.process(picture("fine"), options);
    await pipeline.process(picture("cold"), options);
    const burst = Array.from({ length: 32 }, () => failure(pipeline.process(picture("late"), options)));
    assert.deepEqual(new Set(await Promise.all(burst)), new Set(["none"]));
  });

  it("estimates the wait of pictures that are all of different sizes", async () => {
    await using setup = await started("{queue: {maxWait: 1500ms}, requestTimeout: 60s}");
    const { pipeline } = setup;
    for (let width = 1; width <= 17; width++) {
      const sized = await sharp({ create: { width, height: 8, channels: 3, background: "red" } })
        .jpeg()
        .toBuffer();
      await pipeline.process(new Uint8Array(sized), options);
    }
    const pending = [1, 2].map(() => failure(pipeline.process(picture("hang"), options)));
    await assert.rejects(pipeline.process(picture("fine"), options), { kind: "queue-full", retryAfter: 2 });
    await pipeline.close();
    await Promise.all(pending);
  });

  it("fails requests at their deadline, and replaces a worker that does not respond", async () => {
    await using setup = await started("{requestTimeout: 40ms}");
    const { pipeline } = setup;
    assert.equal(await failure(pipeline.process(picture("hang"), options)), "deadline");
    await until(() => pipeline.workers.restarts === 1 && pipeline.ready);
    assert.deepEqual([pipeline.active, pipeline.queued], [0, 0]);
    await untilServed(pipeline);
  });

  it("replaces a stuck worker once it has exited, and ignores its late result", async () => {
    await using setup = await started("{requestTimeout: 40ms}");
    const { pipeline, observed } = setup;
    assert.equal(await failure(pipeline.process(picture("slow"), options)), "deadline");
    await until(() => pipeline.stuckForMs > 0);
    assert.deepEqual([pipeline.ready, pipeline.workers.restarts], [false, 0]);
    await until(() => pipeline.ready);
    assert.deepEqual([pipeline.stuckForMs, pipeline.workers.restarts, observed.finishedCount], [0, 1, 0]);
    assert.deepEqual(observed.deaths, ["it did not respond in time"]);
    await untilServed(pipeline);
  });

  it("replaces a worker whose runs fail three times in a row, and serves on (sglang#853)", async () => {
    await using setup = await started();
    const { pipeline, observed } = setup;
    for (let run = 0; run < 2; run++) {
      for (const script of ["fail", "fail", "fine", "fail", "fail", "fail"] as const) {
        const expected = script === "fail" ? "inference-failed" : "none";
        assert.equal(await failure(pipeline.process(picture(script), options)), expected);
      }
      await until(() => pipeline.workers.restarts === run + 1 && pipeline.ready);
    }
    const reason = "its runs fail: CUDA failure 700";
    assert.deepEqual(observed.deaths, [reason, reason]);
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "none");
  });

  it("fails for good when the new workers fail too, and gives the reason", async () => {
    await using setup = await started("", 2);
    const { pipeline } = setup;
    await until(() => pipeline.workers.ready === 2);
    const reasons: string[] = [];
    void pipeline.failed.then((reason) => reasons.push(reason));
    while (reasons.length === 0) {
      await failure(pipeline.process(picture("fail"), options));
      await pause(1);
    }
    assert.deepEqual(reasons, ["its runs fail: CUDA failure 700"]);
    assert.equal(pipeline.workers.restarts, 2);
  });

  it("drops a request whose client has disconnected", async () => {
    await using setup = await started("{requestTimeout: 60s}");
    const { pipeline, observed } = setup;
    const first = failure(pipeline.process(picture("hang"), options));
    const client = new AbortController();
    const second = failure(pipeline.process(picture("fine"), options, client.signal));
    assert.equal(pipeline.queued, 1);
    client.abort();
    assert.equal(await second, "aborted");
    assert.equal(pipeline.queued, 0);
    assert.equal(await failure(pipeline.process(picture("fine"), options, client.signal)), "aborted");
    assert.deepEqual(observed.failures, ["aborted", "aborted"]);
    await pipeline.close();
    await first;
  });

  it("drains: rejects new requests, and finishes all accepted ones", async () => {
    await using setup = await started();
    const { pipeline } = setup;
    const accepted = Array.from({ length: 20 }, () => failure(pipeline.process(picture("fine"), options)));
    const drained = pipeline.drain();
    assert.equal(await failure(pipeline.process(picture("fine"), options)), "draining");
    await drained;
    assert.deepEqual(new Set(await Promise.all(accepted)), new Set(["none"]));
  });
});
