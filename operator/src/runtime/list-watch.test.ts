import assert from "node:assert/strict";
import type { WatchEvent } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import type { KubeObject } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { configMaps, ScriptedServer } from "./list-watch.fake.ts";
import { listWatch } from "./list-watch.ts";
import type { Step } from "./list-watch-state.ts";
import { Store } from "./store.ts";

function object(name: string, version: number): KubeObject {
  const metadata = { name, namespace: "media", uid: name, resourceVersion: String(version), creationTimestamp: "" };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}

const event = (type: "ADDED" | "MODIFIED" | "DELETED", name: string, version: number): WatchEvent => ({
  type,
  object: object(name, version),
});
const bookmark = (version: number): WatchEvent => ({
  type: "BOOKMARK",
  object: { metadata: { resourceVersion: String(version) } },
});
const refused = (status: number, reason: string): ApiError =>
  new ApiError({ status, reason, message: reason, method: "GET", path: "/" });

class Room {
  readonly server = new ScriptedServer();
  readonly clock = new FakeClock();
  readonly store = new Store(({ metadata }) => {
    if (this.faulty) throw new TypeError("a fault of ours");
    return `${metadata.name}@${metadata.resourceVersion}`;
  });
  faulty = false;
  readonly steps: Step[] = [];
  readonly #controller = new AbortController();
  readonly #running: Promise<void>;

  constructor() {
    this.#running = listWatch({
      client: this.server.client,
      type: configMaps,
      selection: { labelSelector: "app" },
      sink: this.store,
      clock: this.clock,
      random: () => 0.5,
      onStep: (_step, _outcome, next) => this.steps.push(next),
      signal: this.#controller.signal,
    });
  }

  get objects(): string[] {
    return [...this.store.values()].toSorted();
  }

  /** Lists what is given, and takes the watch that follows. */
  async listed(version: number, ...items: readonly KubeObject[]): ReturnType<ScriptedServer["watch"]> {
    (await this.server.list()).answer({ items, resourceVersion: String(version) });
    return this.server.watch();
  }

  async stop(): Promise<void> {
    this.#controller.abort(new Error("stop"));
    await this.#running;
    await this.server.nothing();
    assert.equal(this.clock.waiting, 0, "a timer was left");
  }
}

describe("a list-watch", () => {
  let room: Room;
  beforeEach(() => (room = new Room()));
  afterEach(() => room.stop());

  it("lists in pages of the newest state, then watches with bookmarks from there", async () => {
    const first = await room.server.list();
    const { signal, ...asked } = first.options;
    assert.deepEqual(asked, { labelSelector: "app", limit: 500 });
    first.answer({ items: [object("a", 1)], resourceVersion: "7", continue: "page 2" });
    const second = await room.server.list();
    assert.deepEqual(second.options, { labelSelector: "app", limit: 500, continue: "page 2", signal });
    assert.deepEqual([room.objects, room.store.synced], [[], false], "half a list is nothing");
    second.answer({ items: [object("b", 2)], resourceVersion: "7" });
    const { signal: _signal, ...watched } = (await room.server.watch()).options;
    assert.deepEqual(watched, {
      labelSelector: "app",
      resourceVersion: "7",
      allowWatchBookmarks: true,
      timeoutSeconds: 450,
    });
    assert.deepEqual([room.objects, room.store.synced], [["a@1", "b@2"], true]);
  });

  it("delivers events, and resumes from the last of them when the server ends the watch", async () => {
    const watch = await room.listed(7, object("a", 1));
    watch.send(event("MODIFIED", "a", 8), event("ADDED", "b", 9), event("DELETED", "a", 10));
    await settle();
    assert.deepEqual(room.objects, ["b@9"]);
    watch.end();
    assert.equal((await room.server.watch()).options.resourceVersion, "10");
  });

  it("resumes from the last bookmark", async () => {
    const watch = await room.listed(7);
    watch.send(bookmark(50));
    watch.end();
    assert.equal((await room.server.watch()).options.resourceVersion, "50");
  });

  it("begins the list again when the next page has expired, and shows no half of it", async () => {
    (await room.server.list()).answer({ items: [object("gone", 1)], resourceVersion: "7", continue: "page 2" });
    (await room.server.list()).fail(refused(410, "Expired"));
    await room.server.nothing();
    await room.clock.advance(200);
    const again = await room.server.list();
    assert.equal(again.options.continue, undefined);
    again.answer({ items: [object("b", 2)], resourceVersion: "9" });
    await room.server.watch();
    assert.deepEqual(room.objects, ["b@2"]);
  });

  it("lists again after an ERROR event 410, and tells only what differs", async () => {
    const watch = await room.listed(7, object("a", 1), object("b", 2), object("c", 3));
    watch.send(event("MODIFIED", "a", 8));
    await settle();
    const changes: string[] = [];
    room.store.subscribe(({ type, key, origin }) => changes.push(`${type} ${key} by ${origin}`));
    watch.fail(refused(410, "Expired"));
    await room.listed(20, object("a", 8), object("b", 15), object("d", 16));
    assert.deepEqual(changes, ["deleted media/c by list", "updated media/b by list", "added media/d by list"]);
    assert.deepEqual(room.objects, ["a@8", "b@15", "d@16"]);
  });

  it("keeps what it has while the API server is away", async () => {
    const watch = await room.listed(7, object("a", 1));
    watch.fail(refused(0, "Unreachable"));
    await room.clock.advance(200);
    (await room.server.watch()).fail(refused(410, "Expired"));
    await room.clock.advance(400);
    (await room.server.list()).fail(refused(503, "ServiceUnavailable"));
    await settle();
    assert.deepEqual([room.objects, room.store.synced], [["a@1"], true]);
  });

  it("tries more and more seldom while nothing works: 13 requests in the first two minutes", async () => {
    const times: number[] = [];
    for (let request = 0; request < 13; request++) {
      (await room.server.list()).fail(refused(0, "Unreachable"));
      await settle();
      times.push(Math.round(room.clock.now()));
      await room.clock.advance(room.steps.at(-1)?.afterMs ?? 0);
    }
    await room.server.list();
    assert.deepEqual(times, [0, 150, 450, 1050, 2250, 4650, 9450, 19_050, 38_250, 60_750, 83_250, 105_750, 128_250]);
  });

  it("does not run hot when the server ends each watch at once", async () => {
    (await room.listed(7)).end();
    let watches = 1;
    const stopAt = room.clock.now() + 60_000;
    while (room.clock.now() < stopAt) {
      await room.server.nothing();
      await room.clock.advance(room.steps.at(-1)?.afterMs ?? 0);
      (await room.server.watch()).end();
      watches++;
      await settle();
    }
    assert.equal(watches, 10, "watches in a minute");
  });

  it("gives up a watch that is silent for 150 s, and resumes it", async () => {
    const watch = await room.listed(7);
    await room.clock.advance(100_000);
    watch.send(bookmark(8));
    await room.clock.advance(149_999);
    await room.server.nothing();
    assert.equal(watch.options.signal.aborted, false);
    await room.clock.advance(1);
    assert.equal(watch.options.signal.aborted, true);
    const resumed = await room.server.watch();
    assert.equal(resumed.options.resourceVersion, "8");
    assert.equal(resumed.options.signal.aborted, false);
  });

  it("gets an event again that its store could not take", async () => {
    const watch = await room.listed(7);
    room.faulty = true;
    watch.send(event("ADDED", "a", 8));
    await settle();
    assert.deepEqual([room.objects, watch.options.signal.aborted], [[], false]);
    room.faulty = false;
    await room.clock.advance(200);
    const again = await room.server.watch();
    assert.equal(again.options.resourceVersion, "7");
    again.send(event("ADDED", "a", 8));
    await settle();
    assert.deepEqual(room.objects, ["a@8"]);
  });

  it("does not list into a store that it was told to leave", async () => {
    const first = await room.server.list();
    await room.stop();
    first.answer({ items: [object("a", 1)], resourceVersion: "7" });
    await settle();
    assert.equal(room.store.synced, false);
  });

  it("stops while it waits", async () => {
    (await room.server.list()).fail(refused(500, "InternalError"));
    await settle();
    assert.equal(room.clock.waiting, 1);
    await room.stop();
  });
});
