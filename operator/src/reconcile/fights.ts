/** Notices that somebody undoes what we apply, so that two controllers do not write against each other without end. */
import { TokenBuckets } from "../runtime/events-limit.ts";
import type { Clock } from "../runtime/clock.ts";

export class Fights {
  /** How long to leave a contested object alone. */
  readonly pauseMs = 30_000;
  readonly #clock: Clock;
  /** A person who edits by hand stays below this; a controller does not. */
  readonly #applies = new TokenBuckets({ burst: 20, refillMs: 6_000 });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** May the object with this UID be written once more? */
  mayApply(uid: string): boolean {
    return this.#applies.has(uid, this.#clock.now());
  }

  /** It was. An apply that failed undoes nobody's work and does not count, however often a busy object makes us repeat it. */
  applied(uid: string): void {
    this.#applies.take(uid, this.#clock.now());
  }
}
