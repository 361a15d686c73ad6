/** Holds statuses back that only count further, so that a rollout of ten pods is a few writes and not ten. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { digest } from "../kube/digest.ts";
import type { Clock } from "../runtime/clock.ts";
import { lasting } from "../status/lasting.ts";

const everyMs = 2_000;

export class ProgressPace {
  readonly #clock: Clock;
  /** When the status of the service with this UID was last written, the latest last; only those that still matter. */
  readonly #written = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How long the write of `after` has to wait; 0 when it says more than a count or a message, or the last one is long ago. */
  heldMs(uid: string, before: GpuMediaServiceStatus | undefined, after: GpuMediaServiceStatus): number {
    const written = this.#written.get(uid);
    if (written === undefined) return 0;
    const left = written + everyMs - this.#clock.now();
    return left > 0 && digest(verdicts(before)) === digest(verdicts(after)) ? left : 0;
  }

  wrote(uid: string): void {
    const now = this.#clock.now();
    this.#written.delete(uid);
    this.#written.set(uid, now);
    for (const [known, at] of this.#written) {
      if (at + everyMs > now) break;
      this.#written.delete(known);
    }
  }
}

/** A status without what moves while pods come and go: how many there are, the words that say so, and their figures. */
function verdicts(status: GpuMediaServiceStatus | undefined): unknown {
  const { replicas: _counts, summary: _shown, utilization: _figures, conditions = [], ...rest } = lasting(status) ?? {};
  return { ...rest, conditions: conditions.map(({ message: _message, ...condition }) => condition) };
}
