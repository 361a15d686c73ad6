/** A token bucket per key: short bursts pass, a steady stream is thinned to the rate at which tokens come back. */

export interface RateLimit {
  /** How many may pass at once. */
  readonly burst: number;
  /** One more may pass after so long. */
  readonly refillMs: number;
}

export class TokenBuckets {
  readonly #limit: RateLimit;
  /** When each bucket will be full again; the one that was used longest ago first. */
  readonly #fullAt = new Map<string, number>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Is there a token? `now` is in ms and only grows. */
  has(key: string, now: number): boolean {
    return this.#fullWithoutOne(key, now) - now <= this.#limit.burst * this.#limit.refillMs;
  }

  /** Takes a token if there is one. */
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

  /** How many buckets are remembered. */
  get size(): number {
    return this.#fullAt.size;
  }

  /** A bucket that nobody used for the time that fills it is as good as new. */
  #forget(now: number): void {
    for (const [key, fullAt] of this.#fullAt) {
      if (fullAt > now) return;
      this.#fullAt.delete(key);
    }
  }
}
