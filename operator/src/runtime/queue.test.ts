import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { ObjectKey } from "../kube/object.ts";
import { FakeClock } from "./clock.fake.ts";
import { priorities, WorkQueue, type Priority } from "./queue.ts";

function setUp(): { clock: FakeClock; queue: WorkQueue; takeAll: () => string[] } {
  const clock = new FakeClock();
  const queue = new WorkQueue(clock);
  const takeAll = (): string[] => {
    const keys: string[] = [];
    for (let work = queue.take(); work !== undefined; work = queue.take()) keys.push(work.key);
    return keys;
  };
  return { clock, queue, takeAll };
}

describe("WorkQueue", () => {
  it("takes edits before creates before echoes before resyncs, in order of arrival within each", () => {
    const { queue, takeAll } = setUp();
    for (const priority of priorities.toReversed()) {
      queue.add(`1/${priority}`, priority);
      queue.add(`2/${priority}`, priority);
    }
    const expected = ["1/edit", "2/edit", "1/create", "2/create", "1/echo", "2/echo", "1/resync"];
    assert.deepEqual(takeAll().slice(0, 7), expected);
  });

  it("merges many adds of a key into one take", () => {
    const { queue, takeAll } = setUp();
    for (let i = 0; i < 10; i++) queue.add("media/upscaler", "echo");
    assert.deepEqual(takeAll(), ["media/upscaler"]);
    queue.done("media/upscaler");
    assert.deepEqual(takeAll(), []);
  });

  it("raises the priority of a waiting key, and never lowers it", () => {
    const { queue } = setUp();
    queue.add("media/other", "create");
    queue.add("media/upscaler", "resync");
    queue.add("media/upscaler", "edit");
    queue.add("media/upscaler", "resync");
    assert.deepEqual(queue.take(), { key: "media/upscaler", priority: "edit", waitedMs: 0 });
  });

  it("keeps the place of a key that is added again with the same priority", () => {
    const { queue, takeAll } = setUp();
    queue.add("media/first", "echo");
    queue.add("media/second", "echo");
    queue.add("media/first", "echo");
    assert.deepEqual(takeAll(), ["media/first", "media/second"]);
  });

  it("never runs a key twice concurrently, and keeps what is added meanwhile", () => {
    const { queue, takeAll } = setUp();
    queue.add("media/upscaler", "echo");
    queue.take();
    queue.add("media/upscaler", "resync");
    queue.add("media/upscaler", "edit");
    assert.deepEqual(takeAll(), []);
    queue.done("media/upscaler");
    assert.deepEqual(queue.take(), { key: "media/upscaler", priority: "edit", waitedMs: 0 });
  });

  it("holds a delayed key until it is due", async () => {
    const { clock, queue, takeAll } = setUp();
    let calls = 0;
    queue.onReady(() => calls++);
    queue.add("media/late", "resync", 2_000);
    queue.add("media/early", "resync", 1_000);
    await clock.advance(999);
    assert.deepEqual({ taken: takeAll(), calls }, { taken: [], calls: 0 });
    await clock.advance(1);
    assert.deepEqual({ taken: takeAll(), calls }, { taken: ["media/early"], calls: 1 });
    await clock.advance(1_000);
    assert.deepEqual({ taken: takeAll(), calls }, { taken: ["media/late"], calls: 2 });
    assert.equal(clock.waiting, 0);
  });

  it("keeps the earlier time, whichever was added first", async () => {
    const { clock, queue, takeAll } = setUp();
    queue.add("media/a", "resync", 5_000);
    queue.add("media/a", "resync", 1_000);
    queue.add("media/b", "resync", 1_000);
    queue.add("media/b", "resync", 5_000);
    await clock.advance(1_000);
    assert.deepEqual(takeAll(), ["media/a", "media/b"]);
    queue.done("media/a");
    queue.done("media/b");
    await clock.advance(10_000);
    assert.deepEqual(takeAll(), []);
  });

  it("reports how long a key was due, since it was first due", async () => {
    const { clock, queue } = setUp();
    queue.add("media/upscaler", "echo", 100);
    await clock.advance(250);
    queue.add("media/upscaler", "edit");
    assert.deepEqual(queue.take(), { key: "media/upscaler", priority: "edit", waitedMs: 150 });
  });

  it("does not starve a low priority under an endless stream of higher ones", async () => {
    const { clock, queue } = setUp();
    queue.add("media/patient", "resync");
    await clock.advance(1);
    for (const name of ["a", "b", "c"] as const) queue.add(`fought/${name}`, "edit");
    const order: string[] = [];
    while (order.length < 10) {
      const key = queue.take()?.key;
      if (key === undefined) break;
      order.push(key);
      // Another field manager undoes each repair immediately.
      queue.done(key);
      if (key.startsWith("fought/")) queue.add(key, "edit");
    }
    assert.ok(order.indexOf("media/patient") === 7, order.join(" "));
  });

  it("reports depth by priority, the number of adds, and the running keys with their durations", async () => {
    const { clock, queue } = setUp();
    queue.add("media/a", "edit");
    queue.add("media/b", "edit");
    queue.add("media/c", "resync", 1_000);
    queue.take();
    await clock.advance(500);
    const depths = priorities.map((priority) => queue.depth(priority));
    assert.deepEqual(
      { depths, adds: queue.adds, running: queue.running() },
      { depths: [1, 0, 0, 0], adds: 2, running: [{ key: "media/a", forMs: 500 }] },
    );
  });

  it("drops all waiting keys when closed, and leaves no timer", () => {
    const { clock, queue } = setUp();
    queue.add("media/running", "edit");
    queue.take();
    queue.add("media/ready", "edit");
    queue.add("media/delayed", "edit", 1_000);
    queue.add("media/running", "edit");
    queue.close();
    queue.done("media/running");
    queue.add("media/new", "edit");
    assert.deepEqual({ taken: queue.take(), timers: clock.waiting }, { taken: undefined, timers: 0 });
  });

  it("throws when a key that is not running is done", () => {
    const { queue } = setUp();
    queue.add("media/upscaler", "edit");
    assert.throws(() => queue.done("media/upscaler"), /media\/upscaler is not running/);
  });
});

/** The queue's contract in its simplest form: lists that are searched linearly. */
class NaiveQueue {
  #waiting: { key: ObjectKey; dueAt: number; rank: number; order: number; ready: boolean }[] = [];
  readonly #running = new Map<ObjectKey, { dueAt: number; rank: number } | undefined>();
  #order = 0;
  #takes = 0;

  add(now: number, key: ObjectKey, rank: number, afterMs: number): void {
    this.promote(now);
    const schedule = { dueAt: now + afterMs, rank };
    if (this.#running.has(key)) {
      this.#running.set(key, soonest(this.#running.get(key), schedule));
      return;
    }
    const old = this.#waiting.find((item) => item.key === key);
    const merged = soonest(old, schedule);
    if (old?.ready === true && merged.rank === old.rank) return;
    this.#waiting = this.#waiting.filter((item) => item !== old);
    this.#waiting.push({ key, ...merged, order: this.#order++, ready: merged.dueAt <= now });
  }

  take(now: number): ObjectKey | undefined {
    this.promote(now);
    const ready = this.#waiting.filter((item) => item.ready).toSorted((a, b) => a.rank - b.rank || a.order - b.order);
    // The head of each priority; every eighth take returns the one that has been due longest.
    const heads = priorities.flatMap((_, rank) => ready.find((item) => item.rank === rank) ?? []);
    const fair = this.#takes % 8 === 7;
    const chosen = fair ? heads.toSorted((a, b) => a.dueAt - b.dueAt || a.rank - b.rank)[0] : heads[0];
    if (chosen === undefined) return undefined;
    this.#takes++;
    this.#waiting = this.#waiting.filter((item) => item !== chosen);
    this.#running.set(chosen.key, undefined);
    return chosen.key;
  }

  done(now: number, key: ObjectKey): void {
    const next = this.#running.get(key);
    this.#running.delete(key);
    if (next !== undefined) this.add(now, key, next.rank, next.dueAt - now);
  }

  get running(): readonly ObjectKey[] {
    return [...this.#running.keys()];
  }

  /** Queues keys in the order in which they became due. */
  promote(now: number): void {
    const due = this.#waiting.filter((item) => !item.ready && item.dueAt <= now);
    for (const item of due.toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order)) {
      item.ready = true;
      item.order = this.#order++;
    }
  }
}

function soonest(a: { dueAt: number; rank: number } | undefined, b: { dueAt: number; rank: number }) {
  return a === undefined ? b : { dueAt: Math.min(a.dueAt, b.dueAt), rank: Math.min(a.rank, b.rank) };
}

const names = fc.constantFrom<ObjectKey>("a/1", "a/2", "b/1", "b/2", "c/1");
const steps = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("add" as const),
      key: names,
      rank: fc.nat(3),
      afterMs: fc.constantFrom(0, 0, 1, 2, 5),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("take" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("done" as const), which: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 4 }) }) },
);

describe("WorkQueue against a naive model", () => {
  it("takes the same keys in the same order, and eventually every key that was added", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 120, size: "max" }), async (commands) => {
        const clock = new FakeClock();
        const queue = new WorkQueue(clock);
        const model = new NaiveQueue();
        const take = (): ObjectKey | undefined => {
          const key = queue.take()?.key;
          assert.equal(key, model.take(clock.now()));
          return key;
        };
        const done = (key: ObjectKey): void => {
          queue.done(key);
          model.done(clock.now(), key);
        };
        for (const command of commands) {
          const { running } = model;
          const ends = command.do === "done" ? running[command.which % Math.max(running.length, 1)] : undefined;
          if (command.do === "add") {
            queue.add(command.key, priorities[command.rank] as Priority, command.afterMs);
            model.add(clock.now(), command.key, command.rank, command.afterMs);
          }
          if (command.do === "take") take();
          if (ends !== undefined) done(ends);
          if (command.do === "wait") await passTime(clock, model, command.ms);
        }
        await passTime(clock, model, 10);
        for (const key of model.running) done(key);
        for (let key = take(); key !== undefined; key = take()) done(key);
        assert.deepEqual([queue.running(), clock.waiting], [[], 0]);
      }),
      { numRuns: 200 },
    );
  });
});

/** One millisecond at a time, since the queue's timer orders keys as they become due. */
async function passTime(clock: FakeClock, model: NaiveQueue, ms: number): Promise<void> {
  for (let i = 0; i < ms; i++) {
    await clock.advance(1);
    model.promote(clock.now());
  }
}
