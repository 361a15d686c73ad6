/**
 * When requests are due. Pure: the elapsed time is an argument.
 *
 * Closed loop: each of `concurrency` clients sends its next request when it has the answer to the last, so a slow server
 * slows the clients down and hides how long others would have waited (coordinated omission). Open loop: request n is due
 * at n / rate whatever the server does; latency counts from then, so waiting for a free connection is part of it.
 */

/** Every n-th request at n / rate, and which of them are already dealt with. */
export interface Arrivals {
  readonly ratePerSecond: number;
  /** Requests in all; Infinity when only time ends the run. */
  readonly total: number;
  /** An arrival that finds no free connection for this long is given up: it would have timed out. */
  readonly giveUpAfterMs: number;
  /** Index of the first arrival that is neither sent nor given up. */
  readonly next: number;
}

export interface Due {
  /** Intended send times, in ms since the start, of the arrivals to send now. */
  readonly send: readonly number[];
  /** Intended send times of the arrivals given up. */
  readonly unsent: readonly number[];
  /** When to look again, in ms since the start; null when a free connection, or nothing, has to come first. */
  readonly wakeAtMs: number | null;
  readonly arrivals: Arrivals;
}

/** Intended send time of the n-th arrival (from 0) in ms since the start. */
export function arrivalMs(index: number, ratePerSecond: number): number {
  return (index * 1000) / ratePerSecond;
}

/** Arrivals that fit into a duration: those due before its end, and no more than `requests`. */
export function totalArrivals(ratePerSecond: number, requests: number, durationMs: number): number {
  return Math.min(requests, Math.ceil((durationMs * ratePerSecond) / 1000));
}

/**
 * What to send at `elapsedMs` with `free` connections. The backlog is only an index, so it needs no memory, and giving up
 * bounds it to rate × deadline arrivals.
 */
export function takeDue(arrivals: Arrivals, elapsedMs: number, free: number): Due {
  const { ratePerSecond, total, giveUpAfterMs } = arrivals;
  const send: number[] = [];
  const unsent: number[] = [];
  let { next } = arrivals;
  while (next < total) {
    const intendedMs = arrivalMs(next, ratePerSecond);
    if (intendedMs > elapsedMs) break;
    if (elapsedMs - intendedMs >= giveUpAfterMs) unsent.push(intendedMs);
    else if (send.length < free) send.push(intendedMs);
    else break;
    next++;
  }
  const canSendMore = next < total && send.length < free;
  return {
    send,
    unsent,
    wakeAtMs: canSendMore ? arrivalMs(next, ratePerSecond) : null,
    arrivals: { ...arrivals, next },
  };
}
