import assert from "node:assert/strict";
import * as fc from "fast-check";
import { ApiError } from "../kube/errors.ts";
import { objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { configMaps } from "./list-watch.fake.ts";
import { ModelServer } from "./list-watch.model.ts";
import { IncompleteStream, listWatch } from "./list-watch.ts";
import { Store, type StoreChange } from "./store.ts";

interface Version {
  readonly uid: string;
  readonly version: number;
  readonly terminating: boolean;
}

const project = ({ metadata }: KubeObject): Version => ({
  uid: metadata.uid,
  version: Number(metadata.resourceVersion),
  terminating: metadata.deletionTimestamp !== undefined,
});

const reset = new ApiError({ status: 0, reason: "Unreachable", message: "reset", method: "GET", path: "/" });

/** The store under test, with its invariants. */
class Fixture {
  readonly server = new ModelServer();
  readonly clock = new FakeClock();
  readonly store = new Store(project);
  /** The state that a subscriber derives from the changes alone. */
  readonly replica = new Map<ObjectKey, Version>();
  /** Responses to our own writes and deletes that have not arrived yet. */
  readonly responses: (() => void)[] = [];
  readonly #faults: unknown[] = [];
  readonly #newest = new Map<string, number>();
  readonly #controller = new AbortController();
  readonly #running: Promise<void>;

  constructor() {
    this.store.subscribe((change) => this.#listen(change));
    this.#running = listWatch({
      client: this.server.client,
      type: configMaps,
      sink: this.store,
      clock: this.clock,
      random: () => 0.5,
      onStep: (_step, outcome) => {
        // An exception in the test or in the store would otherwise only be retried.
        if (!("error" in outcome)) return;
        const { error } = outcome;
        if (!(error instanceof ApiError || error instanceof IncompleteStream)) this.#faults.push(error);
      },
      signal: this.#controller.signal,
    });
  }

  #listen(change: StoreChange<Version>): void {
    const known = this.replica.get(change.key);
    if (change.type === "added") assert.equal(known, undefined, "added an object that exists");
    else assert.deepEqual(change.previous, known, `${change.type} an object that does not exist`);
    if (change.type === "deleted") {
      this.replica.delete(change.key);
      return;
    }
    const { uid, version } = change.current;
    if (change.type === "updated") assert.equal(uid, change.previous.uid, "updated another object");
    assert.ok(version > (this.#newest.get(uid) ?? 0), "went back to an older version");
    this.#newest.set(uid, version);
    this.replica.set(change.key, change.current);
  }

  /** Our own write, whose response arrives later. */
  write(name: string): void {
    const written = this.server.write(name);
    this.responses.push(() => {
      this.store.observeWrite(written);
      const now = this.store.get(objectKey(written));
      const { uid, version } = project(written);
      if (now !== undefined) assert.ok(now.version >= version, "read a version older than our write");
      else assert.ok(this.#isDeleted(objectKey(written), uid), "lost our write");
    });
  }

  #isDeleted(key: ObjectKey, uid: string): boolean {
    const metadata = this.server.objects.get(key)?.metadata;
    return metadata?.uid !== uid || metadata.deletionTimestamp !== undefined;
  }

  delete(name: string, finalizer: boolean): void {
    const deleted = this.server.delete(name, finalizer);
    if (deleted === undefined) return;
    const { uid } = deleted.metadata;
    this.responses.push(() => {
      this.store.observeDelete(objectKey(deleted), uid);
      const now = this.store.get(objectKey(deleted));
      assert.ok(now === undefined || now.uid !== uid || now.terminating, "read a version older than our delete");
    });
  }

  check(): void {
    assert.deepEqual(this.#faults, []);
    assert.deepEqual(Object.fromEntries(this.replica), this.#stored());
  }

  #stored(): Record<string, Version> {
    const keys = new Set([...this.replica.keys(), ...this.server.objects.keys()]);
    const stored = [...keys].map((key) => [key, this.store.get(key)] as const);
    const present = Object.fromEntries(stored.filter(([, value]) => value !== undefined)) as Record<string, Version>;
    assert.equal(Object.keys(present).length, this.store.size);
    return present;
  }

  /** Delivers everything, without further faults, and compares with the server. */
  async converge(): Promise<void> {
    for (let turn = 0; turn < 50; turn++) {
      for (const respond of this.responses.splice(0)) respond();
      this.server.deliverList();
      this.server.deliver(Infinity);
      this.server.bookmark();
      await settle();
      if (this.server.idle) break;
      await this.clock.advance(31_000);
    }
    assert.ok(this.server.idle, "did not converge");
    const server = [...this.server.objects].map(([key, object]) => [key, project(object)] as const);
    this.check();
    assert.deepEqual(this.#stored(), Object.fromEntries(server));
  }

  async stop(): Promise<void> {
    this.#controller.abort(new Error("stop"));
    this.server.deliverList();
    await this.#running;
  }
}

type Command = readonly [name: string, run: (fixture: Fixture) => unknown];

const names = fc.constantFrom("a", "b", "c", "d", "e");

/** A command with a random operand; of several, each is run in proportion to its weight. */
function command<T>(
  weight: number,
  text: string,
  operand: fc.Arbitrary<T>,
  run: (fixture: Fixture, operand: T) => unknown,
): { weight: number; arbitrary: fc.Arbitrary<Command> } {
  const arbitrary = operand.map((value): Command => [`${text}: ${String(value)}`, (fixture) => run(fixture, value)]);
  return { weight, arbitrary };
}

const once = fc.constant("once");
const commands = fc.oneof(
  command(4, "another client writes", names, ({ server }, name) => server.write(name)),
  command(2, "another client deletes", names, ({ server }, name) => server.delete(name, false)),
  command(1, "another client deletes an object with a finalizer", names, ({ server }, name) =>
    server.delete(name, true),
  ),
  command(1, "another client replaces", names, ({ server }, name) => {
    server.delete(name, false);
    server.write(name);
  }),
  command(4, "we write", names, (fixture, name) => fixture.write(name)),
  command(2, "we delete", names, (fixture, name) => fixture.delete(name, false)),
  command(1, "we delete an object with a finalizer", names, (fixture, name) => fixture.delete(name, true)),
  command(6, "a response arrives", fc.nat(9), ({ responses }, which) =>
    responses.splice(which % Math.max(responses.length, 1), 1)[0]?.(),
  ),
  command(5, "events arrive", fc.integer({ min: 1, max: 4 }), ({ server }, count) => server.deliver(count)),
  command(6, "a page arrives", once, ({ server }) => server.deliverList()),
  command(2, "a bookmark arrives", once, ({ server }) => server.bookmark()),
  command(1, "the API server is restarted with or without streams", fc.boolean(), ({ server }, streams) => {
    server.streams = streams;
    server.endWatch(reset);
  }),
  command(1, "the server closes the watch", once, ({ server }) => server.endWatch()),
  command(1, "the watch breaks", once, ({ server }) => server.endWatch(reset)),
  command(1, "the history is compacted", once, ({ server }) => server.compact()),
  command(3, "milliseconds pass", fc.constantFrom(100, 1000, 30_000, 200_000), ({ clock }, ms) => clock.advance(ms)),
);

describe("a store behind a list-watch", () => {
  it("converges on the server, never goes back, and never reads a version older than our own write", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(commands, { maxLength: 60, size: "max" }), async (sequence) => {
        const fixture = new Fixture();
        try {
          for (const [, run] of sequence) {
            await run(fixture);
            await settle();
            fixture.check();
          }
          await fixture.converge();
        } finally {
          await fixture.stop();
        }
      }),
      { numRuns: 3000 },
    );
  });
});
