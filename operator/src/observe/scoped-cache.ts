/** Caches one kind in the namespaces that the operator watches: one cache for all of them, or one for each. */
import type { ApiClient } from "../kube/client.ts";
import { objectKey, type KubeObject, type ObjectKey, type ResourceType } from "../kube/object.ts";
import { createCache, type Cache, type CacheOptions } from "../runtime/cache.ts";
import type { StoreListener } from "../runtime/store.ts";

export interface ScopedCacheOptions<T> extends CacheOptions<T> {
  /** Empty: all. */
  readonly namespaces: readonly string[];
}

export class ScopedCache<T> {
  readonly type: ResourceType;
  /** By namespace; "" is for all of them, and for cluster-scoped objects. */
  readonly #caches: ReadonlyMap<string, Cache<T>>;
  #all: { readonly revision: number; readonly values: readonly T[] } = { revision: 0, values: [] };

  constructor(client: Pick<ApiClient, "list" | "watch">, type: ResourceType, options: ScopedCacheOptions<T>) {
    const { namespaces, selection, ...rest } = options;
    this.type = type;
    const scopes = namespaces.length === 0 || !type.namespaced ? [""] : namespaces;
    this.#caches = new Map(
      scopes.map((namespace) => {
        const scope = namespace === "" ? {} : { namespace };
        return [namespace, createCache(client, type, { ...rest, selection: { ...selection, ...scope } })] as const;
      }),
    );
  }

  /** Watches the kind until the signal aborts, then empties the caches. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#each((cache) => cache.run(signal)));
  }

  get synced(): boolean {
    return this.#each(({ store }) => store.synced).every(Boolean);
  }

  async whenSynced(): Promise<void> {
    await Promise.all(this.#each(({ store }) => store.whenSynced()));
  }

  get size(): number {
    return this.#each(({ store }) => store.size).reduce((sum, size) => sum + size, 0);
  }

  get(key: ObjectKey): T | undefined {
    return this.#of(key)?.store.get(key);
  }

  *values(): Generator<T> {
    for (const { store } of this.#caches.values()) yield* store.values();
  }

  /** The same array until an object changes. */
  all(): readonly T[] {
    const revision = this.#each(({ store }) => store.revision).reduce((sum, each) => sum + each, 0);
    if (revision !== this.#all.revision) this.#all = { revision, values: [...this.values()] };
    return this.#all.values;
  }

  /** An index of the objects by the keys that `keysOf` returns. */
  lookup(keysOf: (value: T) => readonly string[]): (key: string) => readonly T[] {
    const indices = this.#each(({ store }) => store.index(keysOf));
    return (key) => indices.flatMap((index) => index.get(key));
  }

  subscribe(listener: StoreListener<T>): void {
    for (const { store } of this.#caches.values()) store.subscribe(listener);
  }

  /** Keeps the response to a write, so that the next read is not older than the write. */
  observeWrite(object: KubeObject): void {
    this.#of(objectKey(object))?.store.observeWrite(object);
  }

  observeDelete(key: ObjectKey, uid: string): void {
    this.#of(key)?.store.observeDelete(key, uid);
  }

  #of(key: ObjectKey): Cache<T> | undefined {
    return this.#caches.get("") ?? this.#caches.get(key.slice(0, key.indexOf("/")));
  }

  #each<R>(map: (cache: Cache<T>) => R): R[] {
    return [...this.#caches.values()].map(map);
  }
}
