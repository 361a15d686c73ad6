/** A cache behind a proxy that injects faults: does it report every change, and does it send no needless request? */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createApiClient, type ApiClient, type Selection } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import {
  clusterType,
  namespacedType,
  objectKey,
  type KubeObject,
  type Manifest,
  type ResourceType,
} from "@gpumedia/operator/src/kube/object.ts";
import { ClusterCache, serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
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
import { matches, type RequestMatch } from "../faults/request.ts";

const configMaps = namespacedType("v1", "ConfigMap", "configmaps");
const often = { everyMs: 5, withinMs: 30_000 };
const namespace = "default";
const pages: RequestMatch = { verb: "list", resource: "configmaps" };
/** A watch that begins with a list. */
const streams: RequestMatch = ({ verb, url }) => verb === "watch" && url.includes("sendInitialEvents=true");
/** A watch that resumes. */
const watches: RequestMatch = ({ verb, url }) => verb === "watch" && url.includes("resourceVersion=");
const lists: RequestMatch = (request) => matches(request, pages) || matches(request, streams);
/** As of an API server without the feature gate WatchList. */
const noStreams = refusal(422, "Invalid");

/** Identifies an object's version. */
function versionOf({ metadata }: KubeObject): string {
  return `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;
}

/** The ConfigMaps of one test, written without the proxy, and a cache that reads them through it. */
class Fixture implements AsyncDisposable {
  readonly proxy: FaultProxy;
  readonly store: Store<string>;
  /** The changes that the store reported: `added NAME`, `deleted NAME`, … */
  readonly changes: string[] = [];
  readonly #client: ApiClient;
  readonly #id = randomUUID();
  readonly #objects = new Map<string, KubeObject>();
  readonly #transport: Transport;
  readonly #controller = new AbortController();
  readonly #cache: ReturnType<typeof createCache<string>>;
  #running = Promise.resolve();

  static async open(client: ApiClient, upstream: Connection, silenceMs = 60_000): Promise<Fixture> {
    return new Fixture(client, await startFaultProxy(upstream), silenceMs);
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
    this.store.subscribe(({ type, key }) => this.changes.push(`${type} ${key.slice(key.indexOf("/") + 1)}`));
  }

  async start(): Promise<void> {
    this.#running = this.#cache.run(this.#controller.signal);
    await this.store.whenSynced();
    await this.untilWatching();
  }

  async untilWatching(): Promise<void> {
    await until("one open watch", (see) => see(this.proxy.openWatches) === 1, often);
  }

  /** Injects a fault into the cache's watch. */
  strike(kind: WatchFault["kind"]): void {
    assert.equal(this.proxy.strike({ kind }), 1, "no watch is open");
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
    const { metadata } = this.#objects.get(name) ?? assert.fail(`${name} does not exist`);
    await this.#client.delete(configMaps, namespace, metadata.name, { uid: metadata.uid });
    this.#objects.delete(name);
  }

  /** Resolves when the store has the same objects as the API server. */
  async converged(): Promise<void> {
    const versions = [...this.#objects.values()].map(versionOf).toSorted().join(", ");
    const stored = (): string => [...this.store.values()].toSorted().join(", ");
    await until(`the store to have ${versions}`, (see) => see(stored()) === versions, often);
  }

  /** Returns the changes since the last call, with the names that the test gave. */
  takeChanges(): string[] {
    return this.changes.splice(0).map((change) => change.replace(`${this.#id}-`, ""));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort(new Error("the test has ended"));
    await this.#running;
    for (const name of this.#objects.keys()) await this.delete(name);
    await this.proxy[Symbol.asyncDispose]();
    await this.#transport.close();
  }
}

/** What a cache may select, on any API server. */
function itSelects(clusterOf: () => Cluster, clientOf: () => ApiClient): void {
  const labelSelector = `test=${randomUUID()}`;
  const [key = "", value = ""] = labelSelector.split("=");
  const namespaces = clusterType("v1", "Namespace", "namespaces");
  const cases: Readonly<Record<string, readonly [type: ResourceType, selection: Selection, objects: number]>> = {
    "all namespaces": [configMaps, { labelSelector }, 4],
    "one namespace": [configMaps, { labelSelector, namespace }, 2],
    "one name": [configMaps, { namespace, fieldSelector: `metadata.name=${value}-1` }, 1],
    "the metadata alone": [configMaps, { labelSelector, metadataOnly: true }, 4],
    "the metadata of one name": [
      configMaps,
      { namespace, fieldSelector: `metadata.name=${value}-1`, metadataOnly: true },
      1,
    ],
    nothing: [configMaps, { labelSelector: "test=none" }, 0],
    "a kind of the cluster": [namespaces, { labelSelector }, 1],
    "custom resources": [serviceType, { labelSelector }, 2],
    "the metadata of custom resources": [serviceType, { labelSelector, metadataOnly: true }, 2],
  };

  let other = "";
  before(async () => {
    other = await clusterOf().newNamespace();
    const labels = { [key]: value };
    const options = { fieldManager: "spec", force: true };
    const apply = (manifest: Manifest, type: ResourceType): Promise<KubeObject> =>
      clientOf().apply(type, manifest, options);
    await apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: other, labels } }, namespaces);
    for (const index of [1, 2]) {
      for (const scope of [namespace, other]) {
        const metadata = { name: `${value}-${index}`, namespace: scope, labels };
        await apply({ apiVersion: "v1", kind: "ConfigMap", metadata }, configMaps);
      }
      const metadata = { name: `upscaler-${index}`, namespace: other, labels };
      await apply({ apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", metadata }, serviceType);
    }
  });

  after(async () => {
    const { rest } = clusterOf();
    const collections = [
      `/api/v1/namespaces/${namespace}/configmaps`,
      `/apis/gpumedia.io/v1alpha1/namespaces/${other}/gpumediaservices`,
    ];
    for (const path of collections) await rest.request("DELETE", `${path}?labelSelector=${labelSelector}`);
    await rest.request("DELETE", `/api/v1/namespaces/${other}`);
  });

  for (const [what, [type, selection, objects]] of Object.entries(cases)) {
    it(`selects ${what}`, async () => {
      const cache = createCache(clientOf(), type, {
        selection,
        project: versionOf,
        clock: systemClock,
        log: createLogger({ level: "silent" }),
      });
      const controller = new AbortController();
      const running = cache.run(controller.signal);
      await cache.store.whenSynced();
      const { items } = await clientOf().list(type, selection);
      assert.deepEqual([...cache.store.values()].toSorted(), items.map(versionOf).toSorted());
      assert.equal(items.length, objects);
      controller.abort(new Error("the test has ended"));
      await running;
    });
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

  itSelects(
    () => cluster,
    () => client,
  );

  const tooManyRequests = refusal(429, "TooManyRequests", { retryAfterSeconds: 1 });
  const faults: readonly {
    readonly name: string;
    /** Faults of later requests. */
    readonly inject?: readonly Parameters<FaultProxy["inject"]>[];
    /** The fault of the open watch. */
    readonly strike: WatchFault["kind"];
    readonly silenceMs?: number;
    /** The injected faults last until all writes are done and three watches have failed. */
    readonly outage?: boolean;
    /** Includes the list before the fault, which is a stream. */
    readonly lists: number;
    /** That resume; at most. After an outage: and those that have failed. */
    readonly watches: number;
  }[] = [
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
    },
    {
      name: "the stream after a 410 breaks after one object",
      inject: [[{ kind: "cut", afterEvents: 1 }, streams]],
      strike: "expire",
      lists: 3,
      watches: 1,
    },
    {
      name: "the API server streams no more lists after a 410",
      inject: [[noStreams, streams, Infinity]],
      strike: "expire",
      lists: 3,
      watches: 1,
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

  for (const fault of faults) {
    it(`misses no change when ${fault.name}`, async () => {
      await using fixture = await Fixture.open(client, upstream, fault.silenceMs);
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
      const most = fault.watches + failed;
      assert.ok(requests.watches <= most, `${requests.watches} watches, at most ${most} expected`);
      assert.equal(requests.lists, fault.lists);
    });
  }

  it("backs off when the server ends each watch immediately", async () => {
    await using fixture = await Fixture.open(client, upstream);
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

  it("lists with a single watch, which it keeps", async () => {
    await using fixture = await Fixture.open(client, upstream);
    for (const name of ["a", "b"]) await fixture.write(name);
    await fixture.start();
    await fixture.write("c");
    await fixture.converged();
    assert.deepEqual(fixture.takeChanges().toSorted(), ["added a", "added b", "added c"]);
    assert.deepEqual(
      fixture.proxy.requests.map(({ verb }) => verb),
      ["watch"],
    );
  });

  it("shows nothing of a stream that breaks, and lists in pages then", async () => {
    await using fixture = await Fixture.open(client, upstream);
    for (const name of ["a", "b", "c"]) await fixture.write(name);
    fixture.proxy.inject({ kind: "cut", afterEvents: 2 }, streams);
    fixture.proxy.inject({ kind: "reset" }, pages);
    fixture.proxy.inject({ kind: "cut", afterEvents: 3 }, streams);
    const sizes = new Set<number>();
    fixture.store.subscribe(() => sizes.add(fixture.store.size));
    await fixture.start();
    assert.deepEqual([...sizes], [3]);
    assert.deepEqual([fixture.proxy.count(streams), fixture.proxy.count(pages)], [2, 2]);
    await fixture.converged();
  });

  it("lists in pages when streams are refused, and starts over when the continue token has expired", async () => {
    await using fixture = await Fixture.open(client, upstream);
    const names = Array.from({ length: 501 }, (_, index) => `object-${index}`);
    // Not all at once: the wait for a connection counts towards a request's timeout.
    while (names.length > 0) await Promise.all(names.splice(0, 50).map((name) => fixture.write(name)));
    fixture.proxy.inject(noStreams, streams, Infinity);
    fixture.proxy.inject(refusal(410, "Expired"), ({ url }) => url.includes("continue="));
    await fixture.start();
    await fixture.converged();
    assert.equal(fixture.proxy.count(pages), 4, "one page, an expired token, two pages");
    assert.equal(new Set(fixture.changes).size, 501);
    assert.equal(fixture.changes.length, 501);
  });

  it("never returns a version older than our own write, despite faults of the watch", async () => {
    await using fixture = await Fixture.open(client, upstream);
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

  it("receives 410 Expired from the API server for a resource version that is no longer in its history", async () => {
    // The API server's watch cache starts with the process.
    await cluster.restart("kube-apiserver");
    const error = await until("the watch to fail", async () => {
      const options = { allowWatchBookmarks: true, timeoutSeconds: 1, signal: AbortSignal.timeout(10_000) };
      const watch = client.watch(configMaps, { ...options, resourceVersion: "1" })[Symbol.asyncIterator]();
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

describe("a cache on a real API server that does not stream lists", () => {
  let cluster: Cluster;
  let upstream: Connection;
  let transport: Transport;
  let client: ApiClient;

  before(async function () {
    this.timeout(120_000);
    // As every version before 1.34 except 1.32.
    cluster = await startCluster({ crds: true, apiServer: { featureGates: { WatchList: false } } });
    upstream = await loadConnection({ kubeconfig: cluster.kubeconfig });
    transport = createTransport(upstream, { userAgent: "spec" });
    client = createApiClient(transport);
  });
  itSelects(
    () => cluster,
    () => client,
  );
  // After that of itSelects.
  after(async () => {
    await transport.close();
    await cluster.stop();
  });

  it("lists in pages, also after a 410", async () => {
    await using fixture = await Fixture.open(client, upstream);
    await fixture.write("a");
    await fixture.start();
    await fixture.converged();
    fixture.strike("expire");
    await fixture.write("b");
    await fixture.converged();
    assert.deepEqual([fixture.proxy.count(streams), fixture.proxy.count(pages)], [2, 2]);
  });

  it("is refused with 422 when it asks for a stream", async () => {
    const options = { allowWatchBookmarks: true, timeoutSeconds: 1, signal: AbortSignal.timeout(10_000) };
    await assert.rejects(client.watch(configMaps, options)[Symbol.asyncIterator]().next(), {
      name: "ApiError",
      status: 422,
      reason: "Invalid",
      message: /sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled/,
    });
  });

  it("lists in pages when its parameters are ignored", async () => {
    await using fixture = await Fixture.open(client, upstream, 1_500);
    for (const name of ["a", "b"]) await fixture.write(name);
    const parameters = ["sendInitialEvents", "resourceVersionMatch"];
    const ignored = fixture.proxy.inject({ kind: "ignore", parameters }, streams, Infinity);
    await fixture.start();
    await fixture.converged();
    assert.deepEqual([ignored.hits, fixture.proxy.count(pages)], [1, 1]);
  });

  it("needs no other permissions than the shipped ones", async () => {
    const operatorNamespace = "gpumedia-system";
    const kubeconfig = await cluster.serviceAccountKubeconfig({
      namespace: operatorNamespace,
      serviceAccount: "gpumedia-operator",
    });
    const operator = createTransport(await loadConnection({ kubeconfig }), { userAgent: "spec" });
    const cache = new ClusterCache({
      client: createApiClient(operator),
      namespaces: [],
      operatorNamespace,
      clock: systemClock,
      log: createLogger({ level: "silent" }),
    });
    const controller = new AbortController();
    const running = cache.run(controller.signal);
    await cache.whenSynced();
    controller.abort(new Error("the test has ended"));
    await running;
    await operator.close();
  });
});
