/** A token bucket per key: short bursts pass, a steady stream is limited to the refill rate. */

export interface RateLimit {
  /** The capacity of a bucket. */
  readonly burst: number;
  /** How long a token takes to come back. */
  readonly refillMs: number;
}

export class TokenBuckets {
  readonly #limit: RateLimit;
  /** When each bucket is full again, least recently used first. */
  readonly #fullAt = new Map<string, number>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Whether a token is available. `now` is monotonic, in ms. */
  has(key: string, now: number): boolean {
    return this.#fullWithoutOne(key, now) - now <= this.#limit.burst * this.#limit.refillMs;
  }

  /** Takes a token and returns true, or returns false when none is available. */
  take(key: string, now: number): boolean {
    this.#forget(now);
    if (!this.has(key, now)) return false;
    const fullAt = this.#fullWithoutOne(key, now);
    this.#fullAt.delete(key);
    this.#fullAt.set(key, fullAt);
    return true;
  }

  #fullWithoutOne(key: string, now: number): number {
    return Math.max(this.#fullAt.get(key) ?? now, now) + this.#limit.refillMs;
  }

  /** The number of buckets that are not full. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** Drops buckets that have refilled: they are equal to new ones. */
  #forget(now: number): void {
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt > now) return;
      this.#fullAt.delete(key);
    }
  }
}
