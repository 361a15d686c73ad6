/**
 * The latest known state of one kind on the API server, each object reduced to what its readers need.
 *
 * Three sources write here, in no fixed order: the watch, which is complete and ordered but late; a list, which is a
 * snapshot that may be older than our last write; and the responses to our own writes, which are early but may arrive
 * after the watch has moved on. One rule orders them: for each name the higher resourceVersion wins, and the watch alone
 * is authoritative up to `resourceVersion`, which it has reached.
 */
import type { WatchEvent } from "../kube/client.ts";
import { objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { StoreIndex, type Lookup } from "./store-index.ts";

/** The source of a change; `write` is the response to our own write. */
export type ChangeOrigin = "list" | "watch" | "write";

/** An object that was deleted and created again is two changes: `deleted`, then `added`. */
export type StoreChange<T> =
  | { readonly type: "added"; readonly key: ObjectKey; readonly origin: ChangeOrigin; readonly current: T }
  | {
      readonly type: "updated";
      readonly key: ObjectKey;
      readonly origin: ChangeOrigin;
      readonly current: T;
      readonly previous: T;
    }
  | { readonly type: "deleted"; readonly key: ObjectKey; readonly origin: ChangeOrigin; readonly previous: T };

export function previousOf<T>(change: StoreChange<T>): T | undefined {
  return change.type === "added" ? undefined : change.previous;
}

export function currentOf<T>(change: StoreChange<T>): T | undefined {
  return change.type === "deleted" ? undefined : change.current;
}

export type StoreListener<T> = (change: StoreChange<T>) => void;

/** The read-only interface of a store. */
export interface StoreView<T> {
  readonly size: number;
  /** Increases when the contents change. What is derived from them is valid for as long as this is the same. */
  readonly revision: number;
  /** Whether the first list has arrived. Before that, a missing object may exist on the API server. */
  readonly synced: boolean;
  whenSynced(): Promise<void>;
  get(key: ObjectKey): T | undefined;
  values(): Iterable<T>;
  /** Indexes the objects by keys that they hold, such as their service. An object may have several keys. */
  index(keysOf: (value: T) => readonly string[]): Lookup<T>;
  /** Listeners must not throw. They are called after the store has changed; for a list, after all of its changes. */
  subscribe(listener: StoreListener<T>): () => void;
}

/** Identifies a version of an object. */
interface Revision {
  readonly uid: string;
  readonly resourceVersion: bigint;
  /** Has a deletionTimestamp: only a finalizer keeps it. */
  readonly terminating: boolean;
}

interface Entry<T> extends Revision {
  readonly value: T;
}

/**
 * An object that we have deleted. The rule that the higher resourceVersion wins must outlive the entry: events of that
 * name that the watch has not delivered yet, also of previous objects with the name, are older than our delete.
 */
interface Tombstone {
  readonly uid: string;
  /** The last known version of the object; all previous objects with its name are older. */
  readonly resourceVersion: bigint;
}

/** The contents of a list, collected as they arrive and then swapped in atomically. */
export interface Replacement {
  /** Replaces an object that was added before. */
  add(object: KubeObject): void;
  remove(object: KubeObject): void;
  commit(resourceVersion: string): void;
}

export class Store<T> implements StoreView<T> {
  readonly #project: (object: KubeObject) => T;
  readonly #entries = new Map<ObjectKey, Entry<T>>();
  readonly #deletedByUs = new Map<ObjectKey, Tombstone>();
  readonly #indices: StoreIndex<T>[] = [];
  readonly #listeners = new Set<StoreListener<T>>();
  #revision = 0;
  /** The version that the watch has reached; undefined before the first list. */
  #resourceVersion: bigint | undefined;
  #synced = Promise.withResolvers<void>();

  /** Only the result of `project` is kept, not the object. */
  constructor(project: (object: KubeObject) => T) {
    this.#project = project;
  }

  get size(): number {
    return this.#entries.size;
  }

  get revision(): number {
    return this.#revision;
  }

  get synced(): boolean {
    return this.#resourceVersion !== undefined;
  }

  whenSynced(): Promise<void> {
    return this.#synced.promise;
  }

  get(key: ObjectKey): T | undefined {
    return this.#entries.get(key)?.value;
  }

  *values(): Generator<T> {
    for (const { value } of this.#entries.values()) yield value;
  }

  index(keysOf: (value: T) => readonly string[]): Lookup<T> {
    const index = new StoreIndex(keysOf);
    for (const [key, { value }] of this.#entries) index.add(key, value);
    this.#indices.push(index);
    return index;
  }

  subscribe(listener: StoreListener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Records the response to our own write, so that readers never get an older version. */
  observeWrite(object: KubeObject): void {
    // The watch is past this write and may even have reported the deletion of the object: this response is late.
    if (this.#resourceVersion !== undefined && BigInt(object.metadata.resourceVersion) <= this.#resourceVersion) return;
    this.#emit(this.#put(object, "write"));
  }

  /**
   * Records that the API server has accepted our delete. While a finalizer keeps the object, the watch adds it again, with
   * its deletionTimestamp.
   */
  observeDelete(key: ObjectKey, uid: string): void {
    const entry = this.#entries.get(key);
    // Deleting an object that is already terminating does not change it: no event would add it again.
    if (entry?.uid !== uid || entry.terminating) return;
    this.#deletedByUs.set(key, { uid, resourceVersion: entry.resourceVersion });
    this.#emit([this.#remove(key, entry, "write")]);
  }

  observeEvent(event: WatchEvent): void {
    const version = BigInt(event.object.metadata.resourceVersion);
    if (event.type === "DELETED") this.#observeDeleted(event.object, version);
    else if (event.type !== "BOOKMARK") this.#emit(this.#put(event.object, "watch"));
    if (this.#resourceVersion !== undefined && version > this.#resourceVersion) this.#resourceVersion = version;
  }

  #observeDeleted(object: KubeObject, version: bigint): void {
    const key = objectKey(object);
    if (this.#deletedByUs.get(key)?.uid === object.metadata.uid) this.#deletedByUs.delete(key);
    const entry = this.#entries.get(key);
    // With a label selector, DELETED also means "no longer selected", and our own write may have selected it again since.
    if (entry !== undefined && entry.resourceVersion <= version) this.#emit([this.#remove(key, entry, "watch")]);
  }

  replacement(): Replacement {
    const listed = new Map<ObjectKey, Entry<T>>();
    return {
      add: (object) => {
        const key = objectKey(object);
        const known = this.#entries.get(key);
        listed.set(key, isSameVersion(known, object) ? known : { ...revisionOf(object), value: this.#project(object) });
      },
      remove: (object) => void listed.delete(objectKey(object)),
      commit: (resourceVersion) => this.#swap(listed, BigInt(resourceVersion)),
    };
  }

  /** Removes everything without notifying listeners, when the kind is no longer watched. */
  clear(): void {
    this.#entries.clear();
    this.#deletedByUs.clear();
    for (const index of this.#indices) index.clear();
    this.#revision++;
    if (this.#resourceVersion !== undefined) this.#synced = Promise.withResolvers();
    this.#resourceVersion = undefined;
  }

  #swap(listed: ReadonlyMap<ObjectKey, Entry<T>>, version: bigint): void {
    const changes: StoreChange<T>[] = [];
    for (const [key, entry] of this.#entries) {
      // An entry that is newer than the list is our own write.
      if (!listed.has(key) && entry.resourceVersion <= version) changes.push(this.#remove(key, entry, "list"));
    }
    for (const [key, entry] of listed) {
      if (!this.#isBeforeOurDelete(key, entry)) changes.push(...this.#set(key, entry, "list"));
    }
    for (const [key, { uid, resourceVersion }] of this.#deletedByUs) {
      if (resourceVersion <= version && listed.get(key)?.uid !== uid) this.#deletedByUs.delete(key);
    }
    this.#resourceVersion = version;
    this.#emit(changes);
    this.#synced.resolve();
  }

  #put(object: KubeObject, origin: ChangeOrigin): readonly StoreChange<T>[] {
    const key = objectKey(object);
    const revision = revisionOf(object);
    const known = this.#entries.get(key);
    // Before the expensive projection: most events repeat our own writes.
    if (known !== undefined && revision.resourceVersion <= known.resourceVersion) return [];
    if (this.#isBeforeOurDelete(key, revision)) return [];
    return this.#set(key, { ...revision, value: this.#project(object) }, origin);
  }

  /** An accepted delete leaves no object, the terminating object, or a newer object with the same name. */
  #isBeforeOurDelete(key: ObjectKey, { uid, resourceVersion, terminating }: Revision): boolean {
    const tombstone = this.#deletedByUs.get(key);
    if (tombstone === undefined) return false;
    return resourceVersion <= tombstone.resourceVersion || (uid === tombstone.uid && !terminating);
  }

  #set(key: ObjectKey, entry: Entry<T>, origin: ChangeOrigin): readonly StoreChange<T>[] {
    const known = this.#entries.get(key);
    if (known !== undefined && entry.resourceVersion <= known.resourceVersion) return [];
    for (const index of this.#indices) {
      if (known !== undefined) index.remove(key, known.value);
      index.add(key, entry.value);
    }
    this.#entries.set(key, entry);
    const current = entry.value;
    if (known === undefined) return [{ type: "added", key, origin, current }];
    if (known.uid === entry.uid) return [{ type: "updated", key, origin, current, previous: known.value }];
    return [
      { type: "deleted", key, origin, previous: known.value },
      { type: "added", key, origin, current },
    ];
  }

  #remove(key: ObjectKey, entry: Entry<T>, origin: ChangeOrigin): StoreChange<T> {
    this.#entries.delete(key);
    for (const index of this.#indices) index.remove(key, entry.value);
    return { type: "deleted", key, origin, previous: entry.value };
  }

  #emit(changes: readonly StoreChange<T>[]): void {
    this.#revision += changes.length;
    for (const change of changes) {
      for (const listener of this.#listeners) listener(change);
    }
  }
}

function revisionOf({ metadata: { uid, resourceVersion, deletionTimestamp } }: KubeObject): Revision {
  return { uid, resourceVersion: BigInt(resourceVersion), terminating: deletionTimestamp !== undefined };
}

function isSameVersion<T>(known: Entry<T> | undefined, { metadata }: KubeObject): known is Entry<T> {
  return known?.uid === metadata.uid && known.resourceVersion === BigInt(metadata.resourceVersion);
}
