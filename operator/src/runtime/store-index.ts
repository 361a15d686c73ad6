import type { ObjectKey } from "../kube/object.ts";

/** The values that carry a key; none for an unknown one. */
export interface Lookup<T> {
  get(key: string): readonly T[];
}

/** The values of a store by other keys than their names. The store keeps it up to date. */
export class StoreIndex<T> implements Lookup<T> {
  readonly #keysOf: (value: T) => readonly string[];
  readonly #values = new Map<string, Map<ObjectKey, T>>();

  /** `keysOf` must give the same keys for the same value every time, or a value is never found to be removed. */
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
      // An empty map for each service that ever was would add up in a process that runs for months.
      if (values?.size === 0) this.#values.delete(key);
    }
  }

  clear(): void {
    this.#values.clear();
  }
}
