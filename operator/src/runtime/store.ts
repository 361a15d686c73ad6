/**
 * What the API server has of one kind, as far as we know, each object in the form that its readers need.
 *
 * Three sources write here, and they overtake each other: the watch, which is complete and in order but late; a list,
 * which is a picture of one moment that may lie before our last write; and the answers to our own writes, which are early
 * but may come after the watch has moved on. One rule orders them: of one name, the higher resourceVersion wins; and up
 * to `resourceVersion`, the place that the watch has reached, the watch alone is right.
 */
import type { WatchEvent } from "../kube/client.ts";
import { objectKey, type KubeObject, type ObjectKey } from "../kube/object.ts";
import { StoreIndex, type Lookup } from "./store-index.ts";

/** Where a change was learnt from; `write` is the answer to a write of our own. */
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

export type StoreListener<T> = (change: StoreChange<T>) => void;

/** The store as its readers see it. */
export interface StoreView<T> {
  readonly size: number;
  /** Has the first list arrived? Before that an absent object may well exist. */
  readonly synced: boolean;
  whenSynced(): Promise<void>;
  get(key: ObjectKey): T | undefined;
  values(): Iterable<T>;
  /** The objects by something that they carry, e.g. their service; kept up to date. One object may have several keys. */
  index(keysOf: (value: T) => readonly string[]): Lookup<T>;
  /** A listener must not throw. It sees the store after the change; of a list, after all of it. */
  subscribe(listener: StoreListener<T>): () => void;
}

/** Which state of which object. */
interface Revision {
  readonly uid: string;
  readonly resourceVersion: bigint;
  /** Has a deletionTimestamp: it stays only while a finalizer holds it. */
  readonly terminating: boolean;
}

interface Entry<T> extends Revision {
  readonly value: T;
}

/**
 * An object that we have deleted, under its name. The rule that the higher resourceVersion wins must outlive the entry:
 * what the watch has yet to tell of that name, also of objects that had it earlier, is older than our delete.
 */
interface Tombstone {
  readonly uid: string;
  /** The last that we knew of it, so the end of all that had the name before. */
  readonly resourceVersion: bigint;
}

/** The contents of a list, gathered page by page and then swapped in at once. */
export interface Replacement {
  add(object: KubeObject): void;
  commit(resourceVersion: string): void;
}

export class Store<T> implements StoreView<T> {
  readonly #project: (object: KubeObject) => T;
  readonly #entries = new Map<ObjectKey, Entry<T>>();
  readonly #deletedByUs = new Map<ObjectKey, Tombstone>();
  readonly #indices: StoreIndex<T>[] = [];
  readonly #listeners = new Set<StoreListener<T>>();
  /** The watch has told us everything up to here; undefined before the first list. */
  #resourceVersion: bigint | undefined;
  #synced = Promise.withResolvers<void>();

  /** `project` makes of an object what is kept; the object itself is not. */
  constructor(project: (object: KubeObject) => T) {
    this.#project = project;
  }

  get size(): number {
    return this.#entries.size;
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

  /** The answer to a write of ours, so that nobody reads what was before it. */
  observeWrite(object: KubeObject): void {
    // The watch is past this write and has told us of it, and perhaps of the object's end: this answer comes late.
    if (this.#resourceVersion !== undefined && BigInt(object.metadata.resourceVersion) <= this.#resourceVersion) return;
    this.#emit(this.#put(object, "write"));
  }

  /**
   * The API server has accepted our delete. The object may live on while a finalizer or its children hold it: then it
   * comes back here with its deletionTimestamp.
   */
  observeDelete(key: ObjectKey, uid: string): void {
    const entry = this.#entries.get(key);
    // One that is terminating already does not change by another delete: no event would bring it back.
    if (entry?.uid !== uid || entry.terminating) return;
    this.#deletedByUs.set(key, { uid, resourceVersion: entry.resourceVersion });
    this.#emit([this.#remove(key, entry, "write")]);
  }

  observeEvent(event: WatchEvent): void {
    const version = BigInt(event.object.metadata.resourceVersion);
    if (event.type === "DELETED") this.#observeGone(event.object, version);
    else if (event.type !== "BOOKMARK") this.#emit(this.#put(event.object, "watch"));
    if (this.#resourceVersion !== undefined && version > this.#resourceVersion) this.#resourceVersion = version;
  }

  #observeGone(object: KubeObject, version: bigint): void {
    const key = objectKey(object);
    if (this.#deletedByUs.get(key)?.uid === object.metadata.uid) this.#deletedByUs.delete(key);
    const entry = this.#entries.get(key);
    // With a label selector this also says "no longer selected": a write of ours may have selected it again since.
    if (entry !== undefined && entry.resourceVersion <= version) this.#emit([this.#remove(key, entry, "watch")]);
  }

  replacement(): Replacement {
    const listed = new Map<ObjectKey, Entry<T>>();
    return {
      add: (object) => {
        const known = this.#entries.get(objectKey(object));
        listed.set(
          objectKey(object),
          isSameVersion(known, object) ? known : { ...revisionOf(object), value: this.#project(object) },
        );
      },
      commit: (resourceVersion) => this.#swap(listed, BigInt(resourceVersion)),
    };
  }

  /** Forgets everything, and tells nobody: for a kind that is no longer watched. */
  clear(): void {
    this.#entries.clear();
    this.#deletedByUs.clear();
    for (const index of this.#indices) index.clear();
    if (this.#resourceVersion !== undefined) this.#synced = Promise.withResolvers();
    this.#resourceVersion = undefined;
  }

  #swap(listed: ReadonlyMap<ObjectKey, Entry<T>>, version: bigint): void {
    const changes: StoreChange<T>[] = [];
    for (const [key, entry] of this.#entries) {
      // What is newer than the list was written by us after the list was taken.
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
    // Before the projection, which costs more than all else here: most events repeat what our own write has told us.
    if (known !== undefined && revision.resourceVersion <= known.resourceVersion) return [];
    if (this.#isBeforeOurDelete(key, revision)) return [];
    return this.#set(key, { ...revision, value: this.#project(object) }, origin);
  }

  /** An accepted delete leaves nothing, or the object terminating, or another that took the name later. */
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
