import assert from "node:assert/strict";
import { pino } from "pino";
import { ApiError } from "../kube/errors.ts";
import { initialEventsEnd, storedObject } from "../kube/object.sample.ts";
import { createCache } from "./cache.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { configMaps, ScriptedServer } from "./list-watch.fake.ts";

const list = [{ type: "ADDED", object: storedObject() }, initialEventsEnd(7)] as const;

const refused = (status: number): ApiError =>
  new ApiError({ status, reason: "", message: "", method: "GET", path: "/" });

function setUp() {
  const server = new ScriptedServer();
  const clock = new FakeClock();
  /** `level: message`, as logged. */
  const lines: string[] = [];
  const write = (line: string): void => {
    const { level, resource, msg } = JSON.parse(line) as { level: number; resource: string; msg: string };
    lines.push(`${pino.levels.labels[level]} ${resource}: ${msg}`);
  };
  const log = pino({ level: "debug" }, { write });
  const cache = createCache(server.client, configMaps, { project: ({ metadata }) => metadata.uid, clock, log });
  return { server, clock, cache, lines };
}

describe("a cache", () => {
  it("fills its store while it runs and empties it when it stops, in every run", async () => {
    const { server, cache } = setUp();
    for (let run = 0; run < 2; run++) {
      const controller = new AbortController();
      const running = cache.run(controller.signal);
      const synced = cache.store.whenSynced();
      (await server.stream()).send(...list);
      await synced;
      assert.equal(cache.store.get("media/a"), "u");
      controller.abort();
      await running;
      assert.deepEqual([cache.store.size, cache.store.synced], [0, false]);
    }
  });

  it("refuses to run twice at the same time", async () => {
    const { server, cache } = setUp();
    const controller = new AbortController();
    const running = cache.run(controller.signal);
    await assert.rejects(cache.run(controller.signal), /the cache of configmaps is already running/);
    await server.stream();
    controller.abort();
    await running;
  });

  it("logs which step failed", async () => {
    const { server, clock, cache, lines } = setUp();
    const controller = new AbortController();
    const running = cache.run(controller.signal);
    (await server.stream()).fail(refused(422));
    (await server.list()).fail(refused(403));
    await clock.advance(200);
    (await server.stream()).fail(refused(500));
    await clock.advance(400);
    (await server.list()).respond({ items: [], resourceVersion: "7" });
    (await server.watch()).fail(refused(410));
    await clock.advance(1000);
    const stream = await server.stream();
    stream.send(...list);
    await settle();
    stream.fail(refused(0));
    await settle();
    controller.abort();
    await running;
    assert.deepEqual(lines, [
      "debug configmaps: the API server does not stream lists: listing in pages",
      "warn configmaps: list failed",
      "warn configmaps: list failed",
      "debug configmaps: list ended",
      "info configmaps: watch expired: its resourceVersion is too old",
      "warn configmaps: watch failed",
    ]);
  });
});
