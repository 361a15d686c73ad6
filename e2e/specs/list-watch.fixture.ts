/** A cache behind a proxy that injects faults, and the API servers on which it is tested. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createApiClient, type ApiClient } from "@gpumedia/operator/src/kube/client.ts";
import { loadConnection } from "@gpumedia/operator/src/kube/connection.ts";
import { namespacedType, type KubeObject, type Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { createTransport, type Connection, type Transport } from "@gpumedia/operator/src/kube/transport.ts";
import { createCache } from "@gpumedia/operator/src/runtime/cache.ts";
import { systemClock } from "@gpumedia/operator/src/runtime/clock.ts";
import { createLogger } from "@gpumedia/operator/src/runtime/log.ts";
import type { Store } from "@gpumedia/operator/src/runtime/store.ts";
import { startCluster, type Cluster } from "../cluster/cluster.ts";
import { shared, sharedCluster } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { refusal, type WatchFault } from "../faults/fault.ts";
import { startFaultProxy, type FaultProxy } from "../faults/proxy.ts";
import { streamsByDefault } from "./list-requests.ts";

/** Boots a cluster whose API server streams no lists. */
export const withoutStreams = streamsByDefault
  ? shared(() => startCluster({ crds: true, apiServer: { featureGates: { WatchList: false } } }))
  : sharedCluster;

interface ApiServer {
  readonly title: string;
  readonly hasStreams: boolean;
  readonly boot: () => Promise<Cluster>;
}

const paging: ApiServer = { title: "that streams no lists", hasStreams: false, boot: withoutStreams };

/** Those that the version has. */
export const apiServers: readonly ApiServer[] = streamsByDefault
  ? [{ title: "that streams lists", hasStreams: true, boot: sharedCluster }, paging]
  : [paging];

/** A client of one cluster, without the proxy. */
export interface Upstream extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly connection: Connection;
  readonly client: ApiClient;
}

export async function connect(cluster: Cluster): Promise<Upstream> {
  const connection = await loadConnection({ kubeconfig: cluster.kubeconfig });
  const transport = createTransport(connection, { userAgent: "spec" });
  const client = createApiClient(transport);
  return { cluster, connection, client, [Symbol.asyncDispose]: () => transport.close() };
}

export const configMaps = namespacedType("v1", "ConfigMap", "configmaps");
export const often = { everyMs: 5, withinMs: 30_000 };
export const namespace = "default";
/** As of an API server without the feature gate WatchList. */
export const noStreams = refusal(422, "Invalid");

/** Identifies an object's version. */
export function versionOf({ metadata }: KubeObject): string {
  return `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`;
}

/** The ConfigMaps of one test, written without the proxy, and a cache that reads them through it. */
export class Fixture implements AsyncDisposable {
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

  static async open({ client, connection }: Upstream, silenceMs = 60_000): Promise<Fixture> {
    return new Fixture(client, await startFaultProxy(connection), silenceMs);
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
