/** Limits the messages of a session, because reading them takes time on the main thread. Pure. */
export class MessageBudget {
  readonly #perSecond: number;
  #left: number;
  #at: number;

  /** `nowMs` on a monotonic clock. A burst of one second's budget is allowed. */
  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#at = nowMs;
  }

  /** False once the budget is spent. */
  spend(nowMs: number): boolean {
    this.#left = Math.min(this.#perSecond, this.#left + ((nowMs - this.#at) / 1000) * this.#perSecond) - 1;
    this.#at = nowMs;
    return this.#left >= 0;
  }
}
