import assert from "node:assert/strict";
import type { WatchEvent } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import { bookmark, initialEventsEnd, storedObject } from "../kube/object.sample.ts";
import type { KubeObject } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { configMaps, ScriptedServer, type WatchCall } from "./list-watch.fake.ts";
import { listWatch } from "./list-watch.ts";
import type { Step } from "./list-watch-state.ts";
import { Store } from "./store.ts";

function object(name: string, version: number): KubeObject {
  return storedObject({ name, uid: name, resourceVersion: String(version) });
}

const event = (type: "ADDED" | "MODIFIED" | "DELETED", name: string, version: number): WatchEvent => ({
  type,
  object: object(name, version),
});
/** A list as a stream sends it. */
const streamed = (version: number, ...items: readonly KubeObject[]): readonly WatchEvent[] => [
  ...items.map((item): WatchEvent => ({ type: "ADDED", object: item })),
  initialEventsEnd(version),
];
const refused = (status: number, reason: string): ApiError =>
  new ApiError({ status, reason, message: reason, method: "GET", path: "/" });

class Fixture {
  readonly server = new ScriptedServer();
  readonly clock = new FakeClock();
  readonly store = new Store(({ metadata }) => {
    if (this.faulty) throw new TypeError("projection failed");
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

  /** Streams a list, and returns the watch. */
  async listed(version: number, ...items: readonly KubeObject[]): ReturnType<ScriptedServer["stream"]> {
    const stream = await this.server.stream();
    stream.send(...streamed(version, ...items));
    await this.server.nothing();
    return stream;
  }

  /** Refuses to stream, as an API server without the feature gate WatchList. */
  async refuseStream(): Promise<void> {
    (await this.server.stream()).fail(refused(422, "Invalid"));
  }

  async stop(): Promise<void> {
    this.#controller.abort(new Error("stop"));
    await this.#running;
    await this.server.nothing();
    assert.equal(this.clock.waiting, 0, "leaked a timer");
  }
}

describe("a list-watch", () => {
  let watcher: Fixture;
  beforeEach(() => (watcher = new Fixture()));
  afterEach(() => watcher.stop());

  it("streams the latest state, then its changes on the same watch", async () => {
    const stream = await watcher.server.stream();
    const { signal: _signal, ...options } = stream.options;
    assert.deepEqual(options, {
      labelSelector: "app",
      resourceVersion: undefined,
      allowWatchBookmarks: true,
      timeoutSeconds: 450,
    });
    stream.send(event("ADDED", "b", 2), event("ADDED", "a", 1));
    await watcher.server.nothing();
    assert.deepEqual([watcher.objects, watcher.store.synced], [[], false], "shows no partial list");
    stream.send(initialEventsEnd(7));
    await watcher.server.nothing();
    assert.deepEqual([watcher.objects, watcher.store.synced], [["a@1", "b@2"], true]);
    stream.send(event("MODIFIED", "a", 8));
    await watcher.server.nothing();
    assert.deepEqual(watcher.objects, ["a@8", "b@2"]);
  });

  it("takes changes among the initial events into the list", async () => {
    // The end comes after all objects, but there may be changes in between.
    const stream = await watcher.server.stream();
    const changes: string[] = [];
    watcher.store.subscribe(({ type, key }) => changes.push(`${type} ${key}`));
    stream.send(event("ADDED", "a", 1), event("ADDED", "b", 2), event("ADDED", "c", 3));
    stream.send(event("MODIFIED", "a", 8), event("DELETED", "b", 9), event("ADDED", "d", 10), initialEventsEnd(10));
    await settle();
    assert.deepEqual(watcher.objects, ["a@8", "c@3", "d@10"]);
    assert.deepEqual(changes, ["added media/a", "added media/c", "added media/d"]);
  });

  it("lists in pages when the API server refuses to stream, then watches with bookmarks from there", async () => {
    await watcher.refuseStream();
    const first = await watcher.server.list();
    const { signal, ...options } = first.options;
    assert.deepEqual(options, { labelSelector: "app", limit: 500 });
    first.respond({ items: [object("a", 1)], resourceVersion: "7", continue: "page 2" });
    const second = await watcher.server.list();
    assert.deepEqual(second.options, { labelSelector: "app", limit: 500, continue: "page 2", signal });
    assert.deepEqual([watcher.objects, watcher.store.synced], [[], false], "shows no partial list");
    second.respond({ items: [object("b", 2)], resourceVersion: "7" });
    const { signal: _signal, ...watched } = (await watcher.server.watch()).options;
    assert.deepEqual(watched, {
      labelSelector: "app",
      resourceVersion: "7",
      allowWatchBookmarks: true,
      timeoutSeconds: 450,
    });
    assert.deepEqual([watcher.objects, watcher.store.synced], [["a@1", "b@2"], true]);
  });

  const broken: Readonly<Record<string, (stream: WatchCall) => unknown>> = {
    breaks: (stream) => stream.fail(refused(0, "Unreachable")),
    "is closed by the API server": (stream) => stream.end(),
    "has an ERROR event": (stream) => stream.fail(refused(500, "InternalError")),
    "has a bookmark that is not their end, as of an API server that ignores sendInitialEvents": (stream) =>
      stream.send(bookmark(20), event("ADDED", "d", 21)),
    "is silent for 30 s": () => watcher.clock.advance(30_000),
  };
  for (const [how, breakIt] of Object.entries(broken)) {
    it(`keeps its objects, and lists in pages after a back-off, when a stream ${how} among its initial events`, async () => {
      (await watcher.listed(7, object("a", 1), object("b", 2))).fail(refused(410, "Expired"));
      await watcher.clock.advance(200);
      const stream = await watcher.server.stream();
      stream.send(event("ADDED", "b", 15), event("ADDED", "c", 16));
      await settle();
      await breakIt(stream);
      await watcher.server.nothing();
      assert.deepEqual([watcher.objects, watcher.store.synced], [["a@1", "b@2"], true]);
      await watcher.clock.advance(400);
      (await watcher.server.list()).respond({ items: [object("c", 22)], resourceVersion: "22" });
      await watcher.server.watch();
      assert.deepEqual(watcher.objects, ["c@22"]);
    });
  }

  it("waits longer than for the initial events once it has them", async () => {
    const stream = await watcher.listed(7);
    await watcher.clock.advance(149_999);
    await watcher.server.nothing();
    stream.send(bookmark(8));
    await watcher.clock.advance(150_000);
    assert.equal((await watcher.server.watch()).options.resourceVersion, "8");
  });

  it("closes a stream that has no end of its initial events", async () => {
    const stream = await watcher.server.stream();
    stream.send(bookmark(7));
    await settle();
    assert.equal(stream.isClosed(), true);
    await watcher.clock.advance(200);
    await watcher.server.list();
  });

  it("delivers events, and resumes from the last one when the server closes the watch", async () => {
    const watch = await watcher.listed(7, object("a", 1));
    watch.send(event("MODIFIED", "a", 8), event("ADDED", "b", 9), event("DELETED", "a", 10));
    await settle();
    assert.deepEqual(watcher.objects, ["b@9"]);
    watch.end();
    assert.equal((await watcher.server.watch()).options.resourceVersion, "10");
  });

  it("resumes from the last bookmark", async () => {
    const watch = await watcher.listed(7);
    watch.send(bookmark(50));
    watch.end();
    assert.equal((await watcher.server.watch()).options.resourceVersion, "50");
  });

  it("restarts the list when the continue token has expired, and shows no partial list", async () => {
    await watcher.refuseStream();
    (await watcher.server.list()).respond({ items: [object("gone", 1)], resourceVersion: "7", continue: "page 2" });
    (await watcher.server.list()).fail(refused(410, "Expired"));
    await watcher.server.nothing();
    await watcher.clock.advance(200);
    await watcher.refuseStream();
    const again = await watcher.server.list();
    assert.equal(again.options.continue, undefined);
    again.respond({ items: [object("b", 2)], resourceVersion: "9" });
    await watcher.server.watch();
    assert.deepEqual(watcher.objects, ["b@2"]);
  });

  it("lists again after an ERROR event 410, and reports only the differences", async () => {
    const watch = await watcher.listed(7, object("a", 1), object("b", 2), object("c", 3));
    watch.send(event("MODIFIED", "a", 8));
    await settle();
    const changes: string[] = [];
    watcher.store.subscribe(({ type, key, origin }) => changes.push(`${type} ${key} by ${origin}`));
    watch.fail(refused(410, "Expired"));
    await watcher.listed(20, object("a", 8), object("b", 15), object("d", 16));
    assert.deepEqual(changes, ["deleted media/c by list", "updated media/b by list", "added media/d by list"]);
    assert.deepEqual(watcher.objects, ["a@8", "b@15", "d@16"]);
  });

  it("keeps its objects while the API server is unreachable", async () => {
    const watch = await watcher.listed(7, object("a", 1));
    watch.fail(refused(0, "Unreachable"));
    await watcher.clock.advance(200);
    (await watcher.server.watch()).fail(refused(410, "Expired"));
    await watcher.clock.advance(400);
    (await watcher.server.stream()).fail(refused(503, "ServiceUnavailable"));
    await watcher.clock.advance(800);
    (await watcher.server.list()).fail(refused(503, "ServiceUnavailable"));
    await settle();
    assert.deepEqual([watcher.objects, watcher.store.synced], [["a@1"], true]);
  });

  it("backs off while the API server is unreachable: 13 requests in the first two minutes", async () => {
    const times: number[] = [];
    for (let request = 0; request < 13; request++) {
      if (request % 2 === 0) (await watcher.server.stream()).fail(refused(0, "Unreachable"));
      else (await watcher.server.list()).fail(refused(0, "Unreachable"));
      await settle();
      times.push(Math.round(watcher.clock.now()));
      await watcher.clock.advance(watcher.steps.at(-1)?.afterMs ?? 0);
    }
    await watcher.server.list();
    assert.deepEqual(times, [0, 150, 450, 1050, 2250, 4650, 9450, 19_050, 38_250, 60_750, 83_250, 105_750, 128_250]);
  });

  it("backs off when the server closes each watch immediately", async () => {
    (await watcher.listed(7)).end();
    let watches = 1;
    const stopAt = watcher.clock.now() + 60_000;
    while (watcher.clock.now() < stopAt) {
      await watcher.server.nothing();
      await watcher.clock.advance(watcher.steps.at(-1)?.afterMs ?? 0);
      (await watcher.server.watch()).end();
      watches++;
      await settle();
    }
    assert.equal(watches, 10, "watches in a minute");
  });

  it("resumes a watch that is silent for 150 s", async () => {
    const watch = await watcher.listed(7);
    await watcher.clock.advance(100_000);
    watch.send(bookmark(8));
    await watcher.clock.advance(149_999);
    await watcher.server.nothing();
    assert.equal(watch.options.signal.aborted, false);
    await watcher.clock.advance(1);
    assert.equal(watch.options.signal.aborted, true);
    const resumed = await watcher.server.watch();
    assert.equal(resumed.options.resourceVersion, "8");
    assert.equal(resumed.options.signal.aborted, false);
  });

  it("receives an event again that its sink failed to process", async () => {
    const watch = await watcher.listed(7);
    watcher.faulty = true;
    watch.send(event("ADDED", "a", 8));
    await settle();
    assert.deepEqual([watcher.objects, watch.options.signal.aborted], [[], false]);
    watcher.faulty = false;
    await watcher.clock.advance(200);
    const again = await watcher.server.watch();
    assert.equal(again.options.resourceVersion, "7");
    again.send(event("ADDED", "a", 8));
    await settle();
    assert.deepEqual(watcher.objects, ["a@8"]);
  });

  it("does not commit a stream after its signal has aborted", async () => {
    const stream = await watcher.server.stream();
    await watcher.stop();
    stream.send(...streamed(7, object("a", 1)));
    await settle();
    assert.equal(watcher.store.synced, false);
  });

  it("does not commit a list after its signal has aborted", async () => {
    await watcher.refuseStream();
    const first = await watcher.server.list();
    await watcher.stop();
    first.respond({ items: [object("a", 1)], resourceVersion: "7" });
    await settle();
    assert.equal(watcher.store.synced, false);
  });

  it("stops while it backs off", async () => {
    (await watcher.server.stream()).fail(refused(500, "InternalError"));
    await settle();
    assert.equal(watcher.clock.waiting, 1);
    await watcher.stop();
  });
});
