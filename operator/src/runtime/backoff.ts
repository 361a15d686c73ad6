/** How long to wait before the next attempt. */
import type { ObjectKey } from "../kube/object.ts";

export interface BackoffOptions {
  /** The first delay, before jitter. */
  readonly baseMs: number;
  /** Upper bound of a delay. */
  readonly capMs: number;
  /** 0 <= random() < 1; replaced in tests. */
  readonly random?: () => number;
}

/**
 * Returns the delay in milliseconds after the n-th consecutive failure (n >= 1). It doubles each time up to the cap; jitter
 * picks a value in its upper half, so that a thousand keys that failed together are not retried together.
 */
export function backoffMs(failures: number, { baseMs, capMs, random = Math.random }: BackoffOptions): number {
  const longest = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return longest * (0.5 + random() / 2);
}

/** A conflict leads to a fresh read, so the first ones are retried immediately; more in a row mean competing writers. */
const immediateRetries = 3;

/** Counts consecutive failures per key. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #failures = new Map<ObjectKey, number>();
  readonly #conflicts = new Map<ObjectKey, number>();

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Counts a failure and returns the delay after it. */
  failed(key: ObjectKey): number {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    return backoffMs(failures, this.#options);
  }

  /** Counts a 409 and returns the delay after it: none, unless the key keeps losing. */
  conflicted(key: ObjectKey): number {
    const conflicts = (this.#conflicts.get(key) ?? 0) + 1;
    this.#conflicts.set(key, conflicts);
    // With a lagging cache, or a controller that writes continuously, immediate retries alone would be a hot loop.
    return conflicts <= immediateRetries ? 0 : this.failed(key);
  }

  /** Resets the key: the next failure waits the shortest time. */
  succeeded(key: ObjectKey): void {
    this.#failures.delete(key);
    this.#conflicts.delete(key);
  }

  /** The number of keys with failures or conflicts. */
  get size(): number {
    return new Set([...this.#failures.keys(), ...this.#conflicts.keys()]).size;
  }
}
