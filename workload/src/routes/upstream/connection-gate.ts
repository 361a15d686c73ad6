/** Limits connections in total and per origin. The rest wait in order, but never for another origin's limit. */
import { HttpProblem } from "../problem.ts";

interface Waiter {
  readonly origin: string;
  readonly start: () => void;
}

export class ConnectionGate {
  readonly #limits: { readonly total: number; readonly perOrigin: number; readonly waiting: number };
  readonly #active = new Map<string, number>();
  readonly #waiters = new Set<Waiter>();
  #total = 0;

  constructor(limits: { readonly total: number; readonly perOrigin: number; readonly waiting: number }) {
    this.#limits = limits;
  }

  /** Resolves when a connection to `origin` may be used; dispose the result to release it. Rejects when full or aborted. */
  async enter(origin: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (!this.#fits(origin)) await this.#wait(origin, signal);
    else this.#count(origin, 1);
    let left = false;
    return {
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        this.#count(origin, -1);
        this.#admit();
      },
    };
  }

  get active(): number {
    return this.#total;
  }

  get waiting(): number {
    return this.#waiters.size;
  }

  async #wait(origin: string, signal: AbortSignal): Promise<void> {
    if (this.#waiters.size >= this.#limits.waiting) {
      throw new HttpProblem("upstream-busy", "too many pictures are being fetched");
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter = { origin, start: resolve };
    this.#waiters.add(waiter);
    const abandon = (): void => {
      // Once started it holds a place, which its caller receives and must release.
      if (this.#waiters.delete(waiter)) reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abandon, { once: true });
    await promise.finally(() => signal.removeEventListener("abort", abandon));
  }

  #admit(): void {
    for (const waiter of this.#waiters) {
      if (this.#total >= this.#limits.total) return;
      if (!this.#fits(waiter.origin)) continue;
      this.#waiters.delete(waiter);
      this.#count(waiter.origin, 1);
      waiter.start();
    }
  }

  #fits(origin: string): boolean {
    return this.#total < this.#limits.total && (this.#active.get(origin) ?? 0) < this.#limits.perOrigin;
  }

  #count(origin: string, change: 1 | -1): void {
    this.#total += change;
    const active = (this.#active.get(origin) ?? 0) + change;
    if (active === 0) this.#active.delete(origin);
    else this.#active.set(origin, active);
  }
}
