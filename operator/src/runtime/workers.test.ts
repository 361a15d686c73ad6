import assert from "node:assert/strict";
import { once } from "node:events";
import { createConnection, createServer, type AddressInfo } from "node:net";
import type { ObjectKey } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { NotLeader } from "./leader.ts";
import { createLogger } from "./log.ts";
import { WorkQueue } from "./queue.ts";
import { runWorkers, type Next, type ReconcileContext, type Workers } from "./workers.ts";

type Visit = (key: ObjectKey, context: ReconcileContext) => Promise<Next>;

interface Setting {
  readonly clock: FakeClock;
  readonly queue: WorkQueue;
  readonly workers: Workers;
  /** `key at ms`, in the order of the visits. */
  readonly visits: string[];
  readonly lines: Record<string, unknown>[];
  /** What the metrics were told. */
  readonly counted: string[];
}

function start(visit: Visit, concurrency = 2): Setting {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  const visits: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const counted: string[] = [];
  const workers = runWorkers({
    queue,
    concurrency,
    clock,
    backoff: { baseMs: 1_000, capMs: 8_000, random: () => 0 },
    reconcile(key, context) {
      visits.push(`${key} at ${clock.now()}`);
      return visit(key, context);
    },
    log: createLogger({ level: "info", destination: { write: (line) => lines.push(JSON.parse(line)) } }),
    metrics: {
      taken: (waitedMs) => counted.push(`waited ${waitedMs}`),
      reconciled: (result, durationMs) => counted.push(`${result} ${durationMs}`),
      panicked: () => counted.push("panic"),
    },
  });
  return { clock, queue, workers, visits, lines, counted };
}

/** Ends visit after visit with what the list says, and then with done. */
function ending(...list: (Next | Error)[]): Visit {
  return () => {
    const next = list.shift() ?? { kind: "done" };
    return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
  };
}

describe("runWorkers", () => {
  const cases: readonly { what: string; ends: readonly (Next | Error)[]; at: readonly number[]; counted: string[] }[] =
    [
      {
        what: "leaves a key alone that is done",
        ends: [{ kind: "done" }],
        at: [0],
        counted: ["waited 0", "success 0"],
      },
      {
        what: "comes again after the time that the visit asked for",
        ends: [{ kind: "requeue", afterMs: 5_000 }],
        at: [0, 5_000],
        counted: ["waited 0", "requeue_after 0", "waited 0", "success 0"],
      },
      {
        what: "comes at once after a conflict",
        ends: [{ kind: "now" }],
        at: [0, 0],
        counted: ["waited 0", "requeue 0", "waited 0", "success 0"],
      },
      {
        what: "backs off longer and longer",
        ends: [{ kind: "backoff" }, { kind: "backoff" }, { kind: "backoff" }],
        at: [0, 500, 1_500, 3_500],
        counted: ["waited 0", "error 0", "waited 0", "error 0", "waited 0", "error 0", "waited 0", "success 0"],
      },
      {
        what: "does not come before Retry-After",
        ends: [
          { kind: "backoff", atLeastMs: 3_000 },
          { kind: "backoff", atLeastMs: 100 },
        ],
        at: [0, 3_000, 4_000],
        counted: ["waited 0", "error 0", "waited 0", "error 0", "waited 0", "success 0"],
      },
      {
        what: "begins the back-off anew after a visit that ended well",
        ends: [{ kind: "backoff" }, { kind: "backoff" }, { kind: "requeue", afterMs: 100 }, { kind: "backoff" }],
        at: [0, 500, 1_500, 1_600, 2_100],
        counted: [
          "waited 0",
          "error 0",
          "waited 0",
          "error 0",
          "waited 0",
          "requeue_after 0",
          "waited 0",
          "error 0",
          "waited 0",
          "success 0",
        ],
      },
      {
        what: "backs off from a visit that threw, and lives on",
        ends: [new TypeError("x is undefined")],
        at: [0, 500],
        counted: ["waited 0", "panic", "error 0", "waited 0", "success 0"],
      },
      {
        what: "backs off from a visit that was refused its write, which is no bug",
        ends: [new NotLeader("no write while lost")],
        at: [0, 500],
        counted: ["waited 0", "error 0", "waited 0", "success 0"],
      },
    ];
  for (const { what, ends, at, counted } of cases) {
    it(what, async () => {
      const setting = start(ending(...ends));
      setting.queue.add("media/upscaler", "edit");
      await setting.clock.advance(60_000);
      assert.deepEqual(
        { visits: setting.visits, counted: setting.counted },
        { visits: at.map((ms) => `media/upscaler at ${ms}`), counted },
      );
    });
  }

  it("backs off from conflicts that never end, rather than spin", async () => {
    const { clock, queue, visits } = start(() => Promise.resolve({ kind: "now" }));
    queue.add("media/upscaler", "edit");
    await clock.advance(60_000);
    // Four at once, then 0.5, 1, 2, 4, 4, … seconds apart.
    assert.equal(visits.length, 4 + 4 + Math.floor((60 - 7.5) / 4));
  });

  it("logs what a visit threw with its stack and the names of object and visit", async () => {
    const { queue, lines } = start(ending(new TypeError("x is undefined")));
    queue.add("media/upscaler", "edit");
    await settle();
    const [line] = lines;
    assert.match(String(line?.reconcileID), /^[0-9a-f-]{36}$/);
    assert.match(JSON.stringify(line), /workers\.test\.ts/);
    assert.deepEqual(
      { level: line?.level, namespace: line?.namespace, name: line?.name, msg: line?.msg },
      { level: "error", namespace: "media", name: "upscaler", msg: "the visit threw: this is a bug of the operator" },
    );
  });

  it("tells the visit why it was made, and repeats a failed one in its class", async () => {
    const seen: string[] = [];
    const ends: Next[] = [{ kind: "backoff" }, { kind: "requeue", afterMs: 1 }];
    const { clock, queue } = start((_key, { priority }) => {
      seen.push(priority);
      return Promise.resolve(ends.shift() ?? { kind: "done" });
    });
    queue.add("media/upscaler", "create");
    await clock.advance(60_000);
    assert.deepEqual(seen, ["create", "create", "resync"]);
  });

  it("keeps `concurrency` visits under way, and no key twice", async () => {
    let most = 0;
    const under = new Set<ObjectKey>();
    const { clock, queue, visits } = start(async (key) => {
      assert.ok(!under.has(key), `${key} twice at once`);
      under.add(key);
      most = Math.max(most, under.size);
      await settle();
      under.delete(key);
      return { kind: "done" };
    }, 3);
    for (let round = 0; round < 3; round++) {
      for (const name of ["a", "b", "c", "d", "e"]) queue.add(`media/${name}`, "edit");
      await settle();
    }
    await clock.advance(1);
    await settle();
    await settle();
    assert.deepEqual([most, new Set(visits).size, under.size], [3, 5, 0]);
  });

  it("takes an edit before the thousand creates that were there first", async () => {
    const { queue, visits } = start(() => Promise.resolve({ kind: "done" }), 1);
    for (let i = 0; i < 1_000; i++) queue.add(`storm/${i}`, "create");
    await settle();
    queue.add("media/edited", "edit");
    await settle();
    const place = visits.indexOf("media/edited at 0");
    assert.ok(place > 0 && place < 20, `visited as number ${place}`);
  });

  it("lets the network be heard between visits that never wait", async () => {
    const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
    await once(server, "listening");
    let visits = 0;
    const { queue, workers } = start(() => {
      visits++;
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
    assert.ok(visits > 0 && visits < 50, `heard after ${visits} visits`);
  });
});

describe("stopping the workers", () => {
  it("waits for the visits that run and begins no other", async () => {
    const gate = Promise.withResolvers<void>();
    const { clock, queue, workers, visits } = start(async () => {
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
    assert.deepEqual([visits, clock.waiting], [["media/running at 0"], 0]);
  });

  it("aborts visits that have not ended after the grace period, and then waits for them", async () => {
    const { clock, queue, workers, lines, counted } = start(async (_key, { signal }) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason as Error));
      return promise;
    });
    queue.add("media/stuck", "edit");
    await settle();
    const stop = workers.stop(10_000);
    await clock.advance(10_000);
    await stop;
    assert.deepEqual(counted, ["waited 0", "error 10000"]);
    assert.deepEqual(
      lines.map(({ msg, visits }) => ({ msg, visits })),
      [
        { msg: "aborting the visits that have not ended", visits: [{ key: "media/stuck", forMs: 10_000 }] },
        { msg: "the visit was aborted: the operator has to end", visits: undefined },
      ],
    );
  });

  it("does not resolve while a visit goes on that ignores the abort: the Lease must not be released under it", async () => {
    const { clock, queue, workers } = start(() => new Promise<Next>(() => {}));
    queue.add("media/deaf", "edit");
    await settle();
    let stopped = false;
    void workers.stop(1_000).then(() => (stopped = true));
    await clock.advance(600_000);
    assert.equal(stopped, false);
  });

  it("does not begin the visit that was about to begin", async () => {
    const { queue, workers, visits } = start(ending());
    queue.add("media/upscaler", "edit");
    await workers.stop(10_000);
    await settle();
    assert.deepEqual(visits, []);
  });

  it("is immediate when nothing runs", async () => {
    const { clock, workers } = start(ending());
    await workers.stop(10_000);
    assert.equal(clock.waiting, 0);
  });
});
