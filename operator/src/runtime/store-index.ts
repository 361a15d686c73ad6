import type { ObjectKey } from "../kube/object.ts";

/** Returns the values with a key; none for an unknown key. */
export interface Lookup<T> {
  get(key: string): readonly T[];
}

/** Indexes the values of a store by keys other than their names. The store keeps it up to date. */
export class StoreIndex<T> implements Lookup<T> {
  readonly #keysOf: (value: T) => readonly string[];
  readonly #values = new Map<string, Map<ObjectKey, T>>();

  /** `keysOf` must always return the same keys for the same value, or a value is never removed. */
  constructor(keysOf: (value: T) => readonly string[]) {
    this.#keysOf = keysOf;
  }

  get(key: string): readonly T[] {
    return [...(this.#values.get(key)?.values() ?? [])];
  }

  add(object: ObjectKey, value: T): void {
    for (const key of this.#keysOf(value)) {
      const values = this.#values.get(key);
      if (values === undefined) this.#values.set(key, new Map([[object, value]]));
      else values.set(object, value);
    }
  }

  remove(object: ObjectKey, value: T): void {
    for (const key of this.#keysOf(value)) {
      const values = this.#values.get(key);
      values?.delete(object);
      // Otherwise an empty map would remain for each deleted service.
      if (values?.size === 0) this.#values.delete(key);
    }
  }

  clear(): void {
    this.#values.clear();
  }
}
