/**
 * A small API server for property tests: one kind, a history that can be compacted, and responses that are computed on
 * request and arrive when the test delivers them.
 */
import type { ApiClient, ListOptions, ObjectList, WatchEvent, WatchOptions } from "../kube/client.ts";
import { ApiError } from "../kube/errors.ts";
import { bookmark, initialEventsEnd, storedObject } from "../kube/object.sample.ts";
import { objectKey, type KubeObject, type ObjectKey, type ObjectMeta } from "../kube/object.ts";
import { openWatch, type OpenWatch } from "./list-watch.fake.ts";

const pageSize = 2;

interface ModelWatch extends OpenWatch {
  /** The version of the last event sent. */
  at: number;
  /** The objects with which a stream begins and that have not been sent yet; undefined after the end of the initial events. */
  initial: KubeObject[] | undefined;
}

export class ModelServer {
  readonly client: Pick<ApiClient, "list" | "watch"> = {
    list: (_type, options) => this.#list(options),
    watch: (_type, options) => this.#watch(options),
  };
  readonly objects = new Map<ObjectKey, KubeObject>();
  /** Whether it has the feature gate WatchList. */
  streams = true;
  #version = 0;
  #uids = 0;
  #history: WatchEvent[] = [];
  #compactedTo = 0;
  readonly #snapshots = new Map<number, readonly KubeObject[]>();
  readonly #listResponses: (() => void)[] = [];
  #open: ModelWatch | undefined;

  /** Creates or changes the object, and returns the response to the write. */
  write(name: string): KubeObject {
    const known = this.objects.get(`media/${name}`);
    const uid = known?.metadata.uid ?? `uid-${++this.#uids}`;
    const object = this.#stored({ ...known?.metadata, name, uid });
    this.#record(known === undefined ? "ADDED" : "MODIFIED", object);
    return object;
  }

  /** Deletes the object; with a finalizer, only sets its deletionTimestamp until it is deleted without one. */
  delete(name: string, finalizer: boolean): KubeObject | undefined {
    const known = this.objects.get(`media/${name}`);
    if (known === undefined || (finalizer && known.metadata.deletionTimestamp !== undefined)) return known;
    const { metadata } = known;
    if (finalizer) this.#record("MODIFIED", this.#stored({ ...metadata, deletionTimestamp: "2026-01-01T00:00:00Z" }));
    else this.#record("DELETED", this.#stored(metadata));
    return known;
  }

  compact(): void {
    this.#compactedTo = this.#version;
    this.#history = [];
    this.#snapshots.clear();
  }

  /** Sends events to the watch, or an ERROR event when its version has been compacted. */
  deliver(count: number): void {
    const watch = this.#open;
    if (watch === undefined) return;
    if (watch.at < this.#compactedTo) return this.endWatch(expired());
    const initial = watch.initial?.splice(0, count) ?? [];
    watch.send(...initial.map((object): WatchEvent => ({ type: "ADDED", object })));
    // Only then, as a change of an object that has not been sent would be overwritten by it.
    if (initial.length === count) return;
    for (const event of this.#history.filter((event) => versionOf(event) > watch.at).slice(0, count)) {
      watch.at = versionOf(event);
      watch.send(event);
    }
  }

  /** Of a stream, the first one after its objects is the end of the initial events. */
  bookmark(): void {
    const watch = this.#open;
    if (watch === undefined || watch.at < this.#compactedTo) return;
    if (watch.initial === undefined) return watch.send(bookmark(watch.at));
    if (watch.initial.length > 0) return;
    watch.initial = undefined;
    watch.send(initialEventsEnd(watch.at));
  }

  endWatch(error?: Error): void {
    if (error === undefined) this.#open?.end();
    else this.#open?.fail(error);
    this.#open = undefined;
  }

  deliverList(): void {
    this.#listResponses.shift()?.();
  }

  /** Whether all requests have been answered and all events sent. */
  get idle(): boolean {
    const watch = this.#open;
    if (this.#listResponses.length > 0 || watch === undefined || watch.isClosed()) return false;
    return watch.initial === undefined && watch.at >= this.#lastChange();
  }

  #lastChange(): number {
    const last = this.#history.at(-1);
    return last === undefined ? this.#compactedTo : versionOf(last);
  }

  #stored(metadata: Partial<ObjectMeta>): KubeObject {
    return storedObject({ ...metadata, resourceVersion: String(++this.#version) });
  }

  #record(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): void {
    this.#history.push({ type, object });
    if (type === "DELETED") this.objects.delete(objectKey(object));
    else this.objects.set(objectKey(object), object);
  }

  #list({ continue: token = `${this.#version}/0` }: ListOptions): Promise<ObjectList> {
    const [version, offset] = token.split("/").map(Number) as [number, number];
    if (offset === 0) this.#snapshots.set(version, [...this.objects.values()]);
    const snapshot = this.#snapshots.get(version);
    const end = offset + pageSize;
    const { promise, resolve, reject } = Promise.withResolvers<ObjectList>();
    this.#listResponses.push(() => {
      if (snapshot === undefined) return reject(expired());
      const more = end < snapshot.length ? { continue: `${version}/${end}` } : {};
      resolve({ items: snapshot.slice(offset, end), resourceVersion: String(version), ...more });
    });
    return promise;
  }

  #watch({ resourceVersion, signal }: WatchOptions): AsyncIterable<WatchEvent> {
    const watch = openWatch(signal);
    const isStream = resourceVersion === undefined;
    const at = isStream ? this.#version : Number(resourceVersion);
    if (isStream && !this.streams) watch.fail(failure(422, "Invalid"));
    else if (at < this.#compactedTo) watch.fail(expired());
    else this.#open = { at, initial: isStream ? [...this.objects.values()] : undefined, ...watch };
    return watch.events;
  }
}

function versionOf(event: WatchEvent): number {
  return Number(event.object.metadata.resourceVersion);
}

function expired(): ApiError {
  return failure(410, "Expired");
}

function failure(status: number, reason: string): ApiError {
  return new ApiError({ status, reason, message: reason, method: "GET", path: "/" });
}
