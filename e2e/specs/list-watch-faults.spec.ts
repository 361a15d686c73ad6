/** Whatever fails between a cache and an API server, the cache reports every change, and sends no needless request. */
import assert from "node:assert/strict";
import { ApiError } from "@gpumedia/operator/src/kube/errors.ts";
import { objectKey } from "@gpumedia/operator/src/kube/object.ts";
import { sharedCluster } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { emptyAnswer, refusal, type WatchFault } from "../faults/fault.ts";
import type { FaultProxy } from "../faults/proxy.ts";
import { lists, requestsInPages, streams, watches, type Requests } from "./list-requests.ts";
import {
  apiServers,
  configMaps,
  connect,
  Fixture,
  noStreams,
  often,
  versionOf,
  type Upstream,
} from "./list-watch.fixture.ts";

const tooManyRequests = refusal(429, "TooManyRequests", { retryAfterSeconds: 1 });

interface Fault extends Requests {
  readonly name: string;
  /** Faults of later requests. */
  readonly inject?: readonly Parameters<FaultProxy["inject"]>[];
  /** The fault of the open watch. */
  readonly strike: WatchFault["kind"];
  readonly silenceMs?: number;
  /** The injected faults last until all writes are done and three watches have failed. */
  readonly outage?: boolean;
  /** With the list before the fault. */
  readonly lists: number;
  /** At most. After an outage: and those that have failed. */
  readonly watches: number;
  /** Of an API server that streams no lists; without it, those of `requestsInPages`. */
  readonly inPages?: Requests;
}

/** Their requests are those to an API server that streams lists. */
const faults: readonly Fault[] = [
  { name: "the connection is reset", strike: "reset", lists: 1, watches: 1 },
  { name: "the server ends the watch", strike: "end", lists: 1, watches: 1 },
  { name: "the watch reports 410", strike: "expire", lists: 2, watches: 0 },
  { name: "the connection breaks in the middle of an event", strike: "half-line", lists: 1, watches: 1 },
  // Long enough for the rest of the test, within which the next watch must not count as silent.
  { name: "the watch falls silent", strike: "silence", silenceMs: 5_000, lists: 1, watches: 1 },
  {
    name: "the next watch is refused with 410",
    inject: [[refusal(410, "Expired"), watches]],
    strike: "reset",
    lists: 2,
    watches: 1,
  },
  {
    name: "the next watch is refused with 429",
    inject: [[tooManyRequests, watches]],
    strike: "end",
    lists: 1,
    watches: 2,
  },
  {
    name: "the next three watches are refused with 500",
    inject: [[refusal(500, "InternalError"), watches, 3]],
    strike: "end",
    lists: 1,
    watches: 4,
  },
  {
    name: "the list after a 410 is refused with 429, then reset, then answered late",
    inject: [
      [tooManyRequests, lists],
      [{ kind: "reset" }, lists],
      [{ kind: "delay", ms: 300 }, lists],
    ],
    strike: "expire",
    lists: 4,
    watches: 0,
    inPages: { lists: 6, watches: 2 },
  },
  {
    name: "the stream after a 410 breaks after one object",
    inject: [[{ kind: "cut", afterEvents: 1 }, streams]],
    strike: "expire",
    lists: 3,
    watches: 1,
    inPages: { lists: 4, watches: 2 },
  },
  {
    name: "the API server streams no more lists after a 410",
    inject: [[noStreams, streams, Infinity]],
    strike: "expire",
    lists: 3,
    watches: 1,
    inPages: { lists: 4, watches: 2 },
  },
  {
    name: "the API server is unreachable until all writes are done",
    inject: [[{ kind: "reset" }, {}, Infinity]],
    strike: "reset",
    outage: true,
    lists: 1,
    watches: 1,
  },
];

for (const { title, boot, hasStreams } of apiServers) {
  describe(`a cache on an API server ${title}`, function () {
    this.timeout(120_000);
    let upstream: Upstream;
    before(async () => {
      upstream = await connect(await boot());
    });
    after(() => upstream[Symbol.asyncDispose]());

    for (const fault of faults) {
      it(`misses no change when ${fault.name}`, async () => {
        await using fixture = await Fixture.open(upstream, fault.silenceMs);
        for (const name of ["still", "changed", "deleted", "replaced"]) await fixture.write(name);
        await fixture.start();
        await fixture.converged();
        fixture.takeChanges();

        for (const injected of fault.inject ?? []) fixture.proxy.inject(...injected);
        fixture.strike(fault.strike);
        await fixture.write("changed");
        await fixture.delete("replaced");
        await fixture.write("replaced");
        await fixture.write("created");
        await fixture.delete("deleted");
        await fixture.write("changed");
        let failed = 0;
        if (fault.outage === true) {
          await until("three failed watches", (see) => see(fixture.proxy.count(watches)) >= 3, often);
          fixture.proxy.withdraw();
          // How many there are depends on how long the writes took.
          failed = fixture.proxy.count(watches);
        }
        await fixture.converged();

        // Both updates of `changed` may be reported as one, depending on when the next watch starts.
        const changes = fixture.takeChanges();
        assert.deepEqual(changes.filter((change) => change !== "updated changed").toSorted(), [
          "added created",
          "added replaced",
          "deleted deleted",
          "deleted replaced",
        ]);
        assert.ok(changes.indexOf("deleted replaced") < changes.indexOf("added replaced"));
        const updates = changes.filter((change) => change === "updated changed").length;
        assert.ok(updates === 1 || updates === 2, `${updates} updates`);

        await fixture.write("still");
        await fixture.converged();
        assert.deepEqual(fixture.takeChanges(), ["updated still"], "the next watch works");
        const requests = { lists: fixture.proxy.count(lists), watches: fixture.proxy.count(watches) };
        const expected = hasStreams ? fault : (fault.inPages ?? requestsInPages(fault));
        const most = expected.watches + failed;
        assert.ok(requests.watches <= most, `${requests.watches} watches, at most ${most} expected`);
        assert.equal(requests.lists, expected.lists);
      });
    }

    it("backs off when the server ends each watch immediately", async () => {
      await using fixture = await Fixture.open(upstream);
      await fixture.start();
      const injection = fixture.proxy.inject(emptyAnswer, watches, 4);
      const begun = performance.now();
      fixture.strike("end");
      await until("four watches", (see) => see(injection.hits) === 4, often);
      // The delays between them are at least 100, 200 and 400 ms.
      assert.ok(performance.now() - begun >= 700);
      await fixture.write("created");
      await fixture.converged();
    });

    it("never returns a version older than our own write, despite faults of the watch", async () => {
      await using fixture = await Fixture.open(upstream);
      await fixture.start();
      const key = objectKey(await fixture.write("ours"));
      const reads: bigint[] = [];
      fixture.store.subscribe(() => reads.push(BigInt(fixture.store.get(key)?.split(" ").at(-1) ?? 0)));
      const faults = ["reset", "expire", "end", "half-line"] as const;
      for (let write = 0; write < 40; write++) {
        if (write % 10 === 0) {
          await fixture.untilWatching();
          fixture.strike(faults[(write / 10) % faults.length] ?? "reset");
        }
        const answer = await fixture.write("ours");
        fixture.store.observeWrite(answer);
        assert.equal(fixture.store.get(key), versionOf(answer));
      }
      await fixture.converged();
      assert.ok(reads.length >= 40);
      assert.deepEqual(
        reads,
        reads.toSorted((a, b) => Number(a - b)),
        "an older version replaced our own write",
      );
    });
  });
}

describe("an API server", () => {
  it("reports 410 Expired to a watch from a resource version that is no longer in its history", async () => {
    await using upstream = await connect(await sharedCluster());
    // Its watch cache starts with the process.
    await upstream.cluster.restart("kube-apiserver");
    const error = await until("the watch to fail", async () => {
      const options = { allowWatchBookmarks: true, timeoutSeconds: 1, signal: AbortSignal.timeout(10_000) };
      const watch = upstream.client.watch(configMaps, { ...options, resourceVersion: "1" })[Symbol.asyncIterator]();
      try {
        await watch.next();
        // Until its watch cache is filled, the API server forwards the watch to etcd, which has the whole history.
        await watch.return?.();
        return undefined;
      } catch (thrown) {
        return thrown;
      }
    });
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.reason], [410, "Expired"]);
  });
});
