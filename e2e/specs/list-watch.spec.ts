/** A cache before a real API server with faults in between: is every event told, and is every request worth its while? */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createApiClient, type ApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { objectKey, type KubeObject, type Manifest, type ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { createTransport, type Connection, type Transport } from "@gpumedia/operator/src/kube/transport.ts";
import { createCache } from "@gpumedia/operator/src/runtime/cache.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import type { Store } from "@gpumedia/operator/src/runtime/store.ts";
import { ApiError } from "@gpumedia/operator/src/kube/errors.ts";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { sharedCluster } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { emptyAnswer, refusal, type WatchFault } from "../faults/fault.ts";
import { startFaultProxy, type FaultProxy } from "../faults/proxy.ts";
import type { RequestMatch } from "../faults/request.ts";

const configMaps: ResourceType = {
  group: "",
  version: "v1",
  kind: "ConfigMap",
  resource: "configmaps",
  namespaced: true,
};
const namespace = "default";
const lists: RequestMatch = { verb: "list", resource: "configmaps" };
const watches: RequestMatch = { verb: "watch", resource: "configmaps" };

/** A version of an object, as both the tests and the stores write it. */
function versionOf({ metadata }: KubeObject): string {
  return `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;
}

/** The ConfigMaps of one test on the API server, written past the proxy. */
class Room implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly store: Store<string>;
  /** What the store has told: `added NAME`, `deleted NAME`, … */
  readonly told: string[] = [];
  readonly #client: ApiClient;
  readonly #id = randomUUID();
  readonly #objects = new Map<string, KubeObject>();
  readonly #transport: Transport;
  readonly #controller = new AbortController();
  readonly #cache: ReturnType<typeof createCache<string>>;
  #running = Promise.resolve();

  static async open(client: ApiClient, upstream: Connection, silenceMs = 60_000): Promise<Room> {
    return new Room(client, await startFaultProxy(upstream), silenceMs);
  }

  private constructor(client: ApiClient, proxy: FaultProxy, silenceMs: number) {
    this.#client = client;
    this.proxy = proxy;
    this.#transport = createTransport(proxy.connection, { userAgent: "cache", timeoutMs: 5_000 });
    this.#cache = createCache(createApiClient(this.#transport), configMaps, {
      selection: { namespace, labelSelector: `test=${this.#id}` },
      project: versionOf,
      clock: systemClock,
      silenceMs,
      log: createLogger({ level: "silent" }),
    });
    this.store = this.#cache.store;
    this.store.subscribe(({ type, key }) => this.told.push(`${type} ${key.slice(key.indexOf("/") + 1)}`));
  }

  async start(): Promise<void> {
    this.#running = this.#cache.run(this.#controller.signal);
    await this.store.whenSynced();
    await this.until(() => this.proxy.openWatches === 1, "the first watch");
  }

  /** Lets a fault befall the cache's watch. */
  strike(kind: WatchFault["kind"]): void {
    assert.equal(this.proxy.strike({ kind }), 1, "there was no watch");
  }

  #manifest(name: string, data: string): Manifest & { readonly data: object } {
    const metadata = { name: `${this.#id}-${name}`, namespace, labels: { test: this.#id } };
    return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { data } };
  }

  /** Creates or changes an object, and returns the API server's answer. */
  async write(name: string): Promise<KubeObject> {
    const applied = await this.#client.apply(configMaps, this.#manifest(name, randomUUID()), {
      fieldManager: "spec",
      force: true,
    });
    this.#objects.set(name, applied);
    return applied;
  }

  async delete(name: string): Promise<void> {
    const { metadata } = this.#objects.get(name) ?? assert.fail(`there is no ${name}`);
    await this.#client.delete(configMaps, namespace, metadata.name, { uid: metadata.uid });
    this.#objects.delete(name);
  }

  /** Resolves when the store has just what the API server has. */
  async converged(): Promise<void> {
    const wanted = (): string[] => [...this.#objects.values()].map(versionOf).toSorted();
    const stored = (): string[] => [...this.store.values()].toSorted();
    await this.until(
      () => JSON.stringify(stored()) === JSON.stringify(wanted()),
      () => `the store to have ${wanted().join(", ")} and not ${stored().join(", ")}`,
    );
  }

  /** Changes that came since the last call, without the test's own id. */
  takeTold(): string[] {
    return this.told.splice(0).map((change) => change.replace(`${this.#id}-`, ""));
  }

  readonly until = async (isSo: () => boolean, what: string | (() => string)): Promise<void> => {
    const deadline = performance.now() + 30_000;
    while (!isSo()) {
      if (performance.now() > deadline) assert.fail(`waited in vain for ${typeof what === "string" ? what : what()}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort(new Error("the test is over"));
    await this.#running;
    for (const name of this.#objects.keys()) await this.delete(name);
    await this.proxy[Symbol.asyncDispose]();
    await this.#transport.close();
  }
}

describe("a cache on a real API server", () => {
  let cluster: Cluster;
  let upstream: Connection;
  let transport: Transport;
  let client: ApiClient;

  before(async () => {
    cluster = await sharedCluster();
    upstream = await loadConnection({ kubeconfig: cluster.kubeconfig });
    transport = createTransport(upstream, { userAgent: "spec" });
    client = createApiClient(transport);
  });
  after(() => transport.close());

  /** What a fault leads to; the lists and watches include those before the fault: one of each. */
  const faults: {
    readonly name: string;
    readonly begin: (room: Room) => void;
    /** Called when the API server has all the changes; most faults are over by themselves. */
    readonly end?: (room: Room) => Promise<void>;
    readonly silenceMs?: number;
    readonly lists: number;
    readonly watches: number;
  }[] = [
    {
      name: "the connection is reset",
      begin: (room) => room.strike("reset"),
      lists: 1,
      watches: 2,
    },
    {
      name: "the server ends the watch",
      begin: (room) => room.strike("end"),
      lists: 1,
      watches: 2,
    },
    {
      name: "the watch says 410",
      begin: (room) => room.strike("expire"),
      lists: 2,
      watches: 2,
    },
    {
      name: "the next watch is refused with 410",
      begin: (room) => {
        room.proxy.inject(refusal(410, "Expired"), watches);
        room.strike("reset");
      },
      lists: 2,
      watches: 3,
    },
    {
      name: "the next watch is refused with 429",
      begin: (room) => {
        room.proxy.inject(refusal(429, "TooManyRequests", { retryAfterSeconds: 1 }), watches);
        room.strike("end");
      },
      lists: 1,
      watches: 3,
    },
    {
      name: "the next three watches are refused with 500",
      begin: (room) => {
        room.proxy.inject(refusal(500, "InternalError"), watches, 3);
        room.strike("end");
      },
      lists: 1,
      watches: 5,
    },
    {
      name: "an event breaks off in the middle of its line",
      begin: (room) => room.strike("half-line"),
      lists: 1,
      watches: 2,
    },
    {
      name: "the watch falls silent",
      begin: (room) => room.strike("silence"),
      silenceMs: 1_500,
      lists: 1,
      watches: 2,
    },
    {
      name: "the list after a 410 is refused with 429, then reset, then answered late",
      begin: (room) => {
        room.proxy.inject(refusal(429, "TooManyRequests", { retryAfterSeconds: 1 }), lists);
        room.proxy.inject({ kind: "reset" }, lists);
        room.proxy.inject({ kind: "delay", ms: 300 }, lists);
        room.strike("expire");
      },
      lists: 4,
      watches: 2,
    },
    {
      name: "the API server can't be reached until all is over",
      begin: (room) => {
        room.proxy.inject({ kind: "reset" }, {}, Infinity);
        room.strike("reset");
      },
      end: async ({ proxy, until }) => {
        await until(() => proxy.count(watches) >= 4, "three requests during the outage");
        proxy.withdraw();
      },
      lists: 1,
      watches: 5,
    },
  ];

  for (const fault of faults) {
    it(`loses nothing when ${fault.name}`, async () => {
      await using room = await Room.open(client, upstream, fault.silenceMs);
      for (const name of ["still", "changed", "deleted", "replaced"]) await room.write(name);
      await room.start();
      await room.converged();
      room.takeTold();

      fault.begin(room);
      await room.write("changed");
      await room.delete("replaced");
      await room.write("replaced");
      await room.write("created");
      await room.delete("deleted");
      await room.write("changed");
      await fault.end?.(room);
      await room.converged();

      // How often `changed` is told depends on when the watch is back; all else is told once.
      const told = room.takeTold();
      assert.deepEqual(told.filter((change) => change !== "updated changed").toSorted(), [
        "added created",
        "added replaced",
        "deleted deleted",
        "deleted replaced",
      ]);
      assert.ok(told.indexOf("deleted replaced") < told.indexOf("added replaced"));
      const updates = told.filter((change) => change === "updated changed").length;
      assert.ok(updates === 1 || updates === 2, `${updates} updates`);

      await room.write("still");
      await room.converged();
      assert.deepEqual(room.takeTold(), ["updated still"], "the watch is alive again");
      const requests = { lists: room.proxy.count(lists), watches: room.proxy.count(watches) };
      assert.ok(requests.watches <= fault.watches, `${requests.watches} watches instead of ${fault.watches}`);
      assert.equal(requests.lists, fault.lists);
    });
  }

  it("does not run hot when the server ends each watch at once", async () => {
    await using room = await Room.open(client, upstream);
    await room.start();
    const injection = room.proxy.inject(emptyAnswer, watches, 4);
    const begun = performance.now();
    room.strike("end");
    await room.until(() => injection.hits === 4, "four watches");
    // The waits between four: at least 100, 200 and 400 ms.
    assert.ok(performance.now() - begun >= 700);
    await room.write("created");
    await room.converged();
  });

  it("lists in pages, and begins again when the next page has expired", async () => {
    await using room = await Room.open(client, upstream);
    const names = Array.from({ length: 501 }, (_, index) => `object-${index}`);
    await Promise.all(names.map((name) => room.write(name)));
    room.proxy.inject(refusal(410, "Expired"), ({ url }) => url.includes("continue="));
    await room.start();
    await room.converged();
    assert.equal(room.proxy.count(lists), 4, "a page and an expired one, then both");
    assert.equal(new Set(room.told).size, 501);
    assert.equal(room.told.length, 501);
  });

  it("never reads what was before our own write, whatever the watch does", async () => {
    await using room = await Room.open(client, upstream);
    await room.start();
    const key = objectKey(await room.write("ours"));
    const reads: bigint[] = [];
    room.store.subscribe(() => reads.push(BigInt(room.store.get(key)?.split(" ").at(-1) ?? 0)));
    const faults = ["reset", "expire", "end", "half-line"] as const;
    for (let write = 0; write < 40; write++) {
      if (write % 10 === 0) {
        await room.until(() => room.proxy.openWatches === 1, "the next watch");
        room.strike(faults[(write / 10) % faults.length] ?? "reset");
      }
      const answer = await room.write("ours");
      room.store.observeWrite(answer);
      assert.equal(room.store.get(key), versionOf(answer));
    }
    await room.converged();
    assert.ok(reads.length >= 40);
    assert.deepEqual(
      reads,
      reads.toSorted((a, b) => Number(a - b)),
      "went back before our own write",
    );
  });

  it("takes the API server's own word for a lost place in its history", async () => {
    await using own = await startCluster();
    // The history that an API server can tell begins with its start.
    await own.restart("kube-apiserver");
    const ownTransport = createTransport(await loadConnection({ kubeconfig: own.kubeconfig }), { userAgent: "spec" });
    const ownClient = createApiClient(ownTransport);
    const refused = await until("a refusal", async () => {
      const options = { allowWatchBookmarks: true, timeoutSeconds: 1, signal: AbortSignal.timeout(10_000) };
      const watch = ownClient.watch(configMaps, { ...options, resourceVersion: "1" })[Symbol.asyncIterator]();
      try {
        await watch.next();
        // Until the API server's own cache is filled, it passes the watch on to etcd, which has not forgotten anything.
        await watch.return?.();
        return undefined;
      } catch (error) {
        return error;
      }
    });
    assert.ok(refused instanceof ApiError);
    assert.deepEqual([refused.status, refused.reason], [410, "Expired"]);
    await ownTransport.close();
  });
});
