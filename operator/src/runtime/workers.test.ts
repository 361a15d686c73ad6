import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer, type AddressInfo } from "node:net";
import type { ObjectKey } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { NotLeader } from "./leader.ts";
import { createLogger } from "./log.ts";
import { WorkQueue } from "./queue.ts";
import { runWorkers, type Next, type ReconcileContext } from "./workers.ts";

type Reconcile = (key: ObjectKey, context: ReconcileContext) => Promise<Next>;

function start(reconcile: Reconcile, concurrency = 2) {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  /** `key at ms`, in order. */
  const reconciles: string[] = [];
  const lines: Record<string, unknown>[] = [];
  /** The calls of the metrics. */
  const metrics: string[] = [];
  const workers = runWorkers({
    queue,
    concurrency,
    clock,
    backoff: { baseMs: 1_000, capMs: 8_000, random: () => 0 },
    reconcile(key, context) {
      reconciles.push(`${key} at ${clock.now()}`);
      return reconcile(key, context);
    },
    log: createLogger({ level: "info", destination: { write: (line) => lines.push(JSON.parse(line)) } }),
    metrics: {
      taken: (waitedMs) => metrics.push(`waited ${waitedMs}`),
      reconciled: (result, durationMs) => metrics.push(`${result} ${durationMs}`),
      panicked: () => metrics.push("panic"),
    },
  });
  return { clock, queue, workers, reconciles, lines, metrics };
}

/** Returns or throws the results one after another, then returns done. */
function returning(...results: (Next | Error)[]): Reconcile {
  return () => {
    const next = results.shift() ?? { kind: "done" };
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
}

describe("runWorkers", () => {
  interface Case {
    results: readonly (Next | Error)[];
    at: readonly number[];
    metrics: string[];
  }
  const cases: Readonly<Record<string, Case>> = {
    "does not requeue a key that is done": {
      results: [{ kind: "done" }],
      at: [0],
      metrics: ["waited 0", "success 0"],
    },
    "requeues after the requested time": {
      results: [{ kind: "requeue", afterMs: 5_000 }],
      at: [0, 5_000],
      metrics: ["waited 0", "requeue_after 0", "waited 0", "success 0"],
    },
    "requeues immediately after a conflict": {
      results: [{ kind: "now" }],
      at: [0, 0],
      metrics: ["waited 0", "requeue 0", "waited 0", "success 0"],
    },
    "backs off exponentially": {
      results: [{ kind: "backoff" }, { kind: "backoff" }, { kind: "backoff" }],
      at: [0, 500, 1_500, 3_500],
      metrics: ["waited 0", "error 0", "waited 0", "error 0", "waited 0", "error 0", "waited 0", "success 0"],
    },
    "does not retry before Retry-After": {
      results: [
        { kind: "backoff", atLeastMs: 3_000 },
        { kind: "backoff", atLeastMs: 100 },
      ],
      at: [0, 3_000, 4_000],
      metrics: ["waited 0", "error 0", "waited 0", "error 0", "waited 0", "success 0"],
    },
    "resets the back-off after a success": {
      results: [{ kind: "backoff" }, { kind: "backoff" }, { kind: "requeue", afterMs: 100 }, { kind: "backoff" }],
      at: [0, 500, 1_500, 1_600, 2_100],
      metrics: ["error 0", "error 0", "requeue_after 0", "error 0", "success 0"].flatMap((result) => [
        "waited 0",
        result,
      ]),
    },
    "backs off after an exception, and keeps working": {
      results: [new TypeError("x is undefined")],
      at: [0, 500],
      metrics: ["waited 0", "panic", "error 0", "waited 0", "success 0"],
    },
    "backs off after a refused write without counting a bug": {
      results: [new NotLeader("write refused")],
      at: [0, 500],
      metrics: ["waited 0", "error 0", "waited 0", "success 0"],
    },
  };
  for (const [what, { results, at, metrics }] of Object.entries(cases)) {
    it(what, async () => {
      const setup = start(returning(...results));
      setup.queue.add("media/upscaler", "edit");
      await setup.clock.advance(60_000);
      assert.deepEqual(
        { reconciles: setup.reconciles, metrics: setup.metrics },
        { reconciles: at.map((ms) => `media/upscaler at ${ms}`), metrics },
      );
    });
  }

  it("backs off when conflicts do not stop, instead of spinning", async () => {
    const { clock, queue, reconciles } = start(() => Promise.resolve({ kind: "now" }));
    queue.add("media/upscaler", "edit");
    await clock.advance(60_000);
    // Four immediately, then 0.5, 1, 2, 4, 4, … seconds apart.
    assert.equal(reconciles.length, 4 + 4 + Math.floor((60 - 7.5) / 4));
  });

  it("logs an exception with its stack, the object and the reconcileID", async () => {
    const { queue, lines } = start(returning(new TypeError("x is undefined")));
    queue.add("media/upscaler", "edit");
    await settle();
    const [line] = lines;
    assert.match(String(line?.reconcileID), /^[0-9a-f-]{36}$/);
    assert.match(JSON.stringify(line), /workers\.test\.ts/);
    assert.deepEqual(
      { level: line?.level, namespace: line?.namespace, name: line?.name, msg: line?.msg },
      { level: "error", namespace: "media", name: "upscaler", msg: "reconcile threw: this is a bug in the operator" },
    );
  });

  it("passes the priority, and keeps it for a retry", async () => {
    const seen: string[] = [];
    const results: Next[] = [{ kind: "backoff" }, { kind: "requeue", afterMs: 1 }];
    const { clock, queue } = start((_key, { priority }) => {
      seen.push(priority);
      return Promise.resolve(results.shift() ?? { kind: "done" });
    });
    queue.add("media/upscaler", "create");
    await clock.advance(60_000);
    assert.deepEqual(seen, ["create", "create", "resync"]);
  });

  it("runs `concurrency` reconciles at once, and no key twice", async () => {
    let most = 0;
    const running = new Set<ObjectKey>();
    const { clock, queue, reconciles } = start(async (key) => {
      assert.ok(!running.has(key), `${key} runs twice`);
      running.add(key);
      most = Math.max(most, running.size);
      await settle();
      running.delete(key);
      return { kind: "done" };
    }, 3);
    for (let round = 0; round < 3; round++) {
      for (const name of ["a", "b", "c", "d", "e"]) queue.add(`media/${name}`, "edit");
      await settle();
    }
    await clock.advance(1);
    await settle();
    await settle();
    assert.deepEqual([most, new Set(reconciles).size, running.size], [3, 5, 0]);
  });

  it("reconciles an edit before a thousand creates that were queued first", async () => {
    const { queue, reconciles } = start(() => Promise.resolve({ kind: "done" }), 1);
    for (let i = 0; i < 1_000; i++) queue.add(`storm/${i}`, "create");
    await settle();
    queue.add("media/edited", "edit");
    await settle();
    const place = reconciles.indexOf("media/edited at 0");
    assert.ok(place > 0 && place < 20, `reconciled as number ${place}`);
  });

  it("lets the event loop serve the network between reconciles that never wait", async () => {
    const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    let reconciles = 0;
    const { queue, workers } = start(() => {
      reconciles++;
      const until = performance.now() + 2;
      while (performance.now() < until);
      return Promise.resolve({ kind: "requeue", afterMs: 0 });
    });
    queue.add("media/busy", "edit");
    const socket = createConnection((server.address() as AddressInfo).port, "127.0.0.1");
    await once(socket, "data");
    await workers.stop(0);
    server.close();
    // Connect, accept and read take a turn of the event loop each, not more.
    assert.ok(reconciles > 0 && reconciles < 50, `served after ${reconciles} reconciles`);
  });
});

describe("stopping the workers", () => {
  it("waits for running reconciles and starts no other", async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, queue, workers, reconciles } = start(async () => {
      await gate.promise;
      return { kind: "requeue", afterMs: 0 };
    }, 1);
    queue.add("media/running", "edit");
    queue.add("media/waiting", "edit");
    await settle();
    let stopped = false;
    const stop = workers.stop(10_000).then(() => (stopped = true));
    await clock.advance(9_000);
    assert.equal(stopped, false);
    gate.resolve();
    await stop;
    await clock.advance(60_000);
    assert.deepEqual([reconciles, clock.waiting], [["media/running at 0"], 0]);
  });

  it("aborts reconciles that have not finished after the grace period, then waits for them", async () => {
    const { clock, queue, workers, lines, metrics } = start(async (_key, { signal }) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      return promise;
    });
    queue.add("media/stuck", "edit");
    await settle();
    const stop = workers.stop(10_000);
    await clock.advance(10_000);
    await stop;
    assert.deepEqual(metrics, ["waited 0", "error 10000"]);
    assert.deepEqual(
      lines.map(({ msg, reconciles }) => ({ msg, reconciles })),
      [
        { msg: "aborting reconciles that have not finished", reconciles: [{ key: "media/stuck", forMs: 10_000 }] },
        { msg: "reconcile aborted: the operator is shutting down", reconciles: undefined },
      ],
    );
  });

  it("does not resolve while a reconcile ignores the abort, as the Lease must not be released", async () => {
    const { clock, queue, workers } = start(() => new Promise<Next>(() => {}));
    queue.add("media/stuck", "edit");
    await settle();
    let stopped = false;
    void workers.stop(1_000).then(() => (stopped = true));
    await clock.advance(600_000);
    assert.equal(stopped, false);
  });

  it("does not start a reconcile that was about to start", async () => {
    const { queue, workers, reconciles } = start(returning());
    queue.add("media/upscaler", "edit");
    await workers.stop(10_000);
    await settle();
    assert.deepEqual(reconciles, []);
  });

  it("resolves immediately when nothing runs", async () => {
    const { clock, workers } = start(returning());
    await workers.stop(10_000);
    assert.equal(clock.waiting, 0);
  });
});
