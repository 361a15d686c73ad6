/** How long to wait before the next try. */
import type { ObjectKey } from "../kube/object.ts";

export interface BackoffOptions {
  /** The first wait, before jitter. */
  readonly baseMs: number;
  /** No wait is longer. */
  readonly capMs: number;
  /** 0 <= random() < 1; a test's own in tests. */
  readonly random?: () => number;
}

/**
 * The wait in milliseconds after the n-th failure in a row (n >= 1): doubled each time up to the cap, then somewhere in
 * its upper half, so that a thousand keys that failed together don't come back together.
 */
export function backoffMs(failures: number, { baseMs, capMs, random = Math.random }: BackoffOptions): number {
  const longest = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return longest * (0.5 + random() / 2);
}

/** A conflict is answered by a fresh read, so the first ones are retried at once; more in a row are a fight. */
const conflictsAtOnce = 3;

/** Counts failures in a row, per key. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failures = new Map<ObjectKey, number>();
  readonly #conflicts = new Map<ObjectKey, number>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The wait after one more failure. */
  failed(key: ObjectKey): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    return backoffMs(failures, this.#options);
  }

  /** The wait after one more lost race for an object: none, unless the key never wins. */
  conflicted(key: ObjectKey): number {
    const conflicts = (this.#conflicts.get(key) ?? 0) + 1;
    this.#conflicts.set(key, conflicts);
    // Against a cache that lags, or a controller that writes without pause, "at once" alone would be a hot loop.
    return conflicts <= conflictsAtOnce ? 0 : this.failed(key);
  }

  /** Forgets the key, so that the next failure waits the shortest time. */
  succeeded(key: ObjectKey): void {
    this.#failures.delete(key);
    this.#conflicts.delete(key);
  }

  /** How many keys have failures. */
  get size(): number {
    return new Set([...this.#failures.keys(), ...this.#conflicts.keys()]).size;
  }
}
