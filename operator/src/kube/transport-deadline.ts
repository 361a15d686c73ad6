/**
 * Combines the timeout of a request with its caller's signal.
 *
 * Undici observes the signal only once the request has a connection. `race` rejects while the request still waits for one;
 * undici then drops it when its turn comes.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #caller: AbortSignal | undefined;
  readonly #onCallerAbort = (): void => this.#controller.abort(this.#caller?.reason);

  constructor(ms: number, caller: AbortSignal | undefined) {
    this.#caller = caller;
    this.#timer = setTimeout(
      () => this.#controller.abort(new DOMException(`no response within ${ms} ms`, "TimeoutError")),
      ms,
    );
    if (caller?.aborted === true) this.#onCallerAbort();
    else caller?.addEventListener("abort", this.#onCallerAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  async race<T>(work: Promise<T>): Promise<T> {
    const { promise: expiry, reject } = Promise.withResolvers<never>();
    const expire = (): void => reject(this.signal.reason);
    if (this.signal.aborted) expire();
    else this.signal.addEventListener("abort", expire);
    try {
      return await Promise.race([work, expiry]);
    } finally {
      this.signal.removeEventListener("abort", expire);
    }
  }

  [Symbol.dispose](): void {
    // A timer of AbortSignal.timeout would stay for its 30 s: 30,000 timers at 1,000 requests/s.
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener("abort", this.#onCallerAbort);
  }
}
