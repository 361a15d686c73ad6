import type { Clock } from "./clock.ts";

/** Aborts its signal when it has not been reset for too long, or when the outer signal aborts. */
export class Watchdog implements Disposable {
  expired = false;
  /** How long it may be without a reset. It may be raised at any time. */
  silenceMs: number;
  readonly #clock: Clock;
  readonly #outer: AbortSignal;
  readonly #controller = new AbortController();
  readonly #onOuterAbort = (): void => this.#controller.abort(this.#outer.reason);
  #resetAt: number;
  #cancel: () => void;

  constructor(clock: Clock, silenceMs: number, outer: AbortSignal) {
    this.#clock = clock;
    this.silenceMs = silenceMs;
    this.#outer = outer;
    outer.addEventListener("abort", this.#onOuterAbort);
    this.#resetAt = clock.now();
    this.#cancel = clock.after(silenceMs, this.#check);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Cheap, as it is called for every event: the timer keeps running and compares the time when it fires. */
  reset(): void {
    this.#resetAt = this.#clock.now();
  }

  [Symbol.dispose](): void {
    this.#cancel();
    this.#outer.removeEventListener("abort", this.#onOuterAbort);
  }

  readonly #check = (): void => {
    const leftMs = this.#resetAt + this.silenceMs - this.#clock.now();
    if (leftMs > 0) {
      this.#cancel = this.#clock.after(leftMs, this.#check);
      return;
    }
    this.expired = true;
    this.#controller.abort(new Error(`the watch was silent for ${this.silenceMs} ms`));
  };
}
