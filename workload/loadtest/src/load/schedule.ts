/**
 * When requests are due. Pure: the elapsed time is an argument.
 *
 * Closed loop: each of `concurrency` clients sends its next request after the response to the last one, so a slow server slows
 * the clients down and hides how long others would have waited (coordinated omission). Open loop: request n is due at n / rate
 * regardless of the server; latency counts from then and includes the wait for a free connection.
 */

/** Request n is due at n / rate; `next` is the first that has not been handled. */
export interface Arrivals {
  readonly ratePerSecond: number;
  /** Total number of requests; Infinity if only the duration ends the run. */
  readonly total: number;
  /** An arrival without a free connection for this long is given up: it would have timed out. */
  readonly giveUpAfterMs: number;
  /** Index of the first arrival that is neither sent nor given up. */
  readonly next: number;
}

export interface Due {
  /** Intended send times, in ms since the start, of the arrivals to send now. */
  readonly send: readonly number[];
  /** Intended send times of the arrivals given up. */
  readonly unsent: readonly number[];
  /** When to call again, in ms since the start; null if a connection must become free first, or if nothing is left. */
  readonly wakeAtMs: number | null;
  readonly arrivals: Arrivals;
}

/** Intended send time of the n-th arrival (from 0) in ms since the start. */
export function arrivalMs(index: number, ratePerSecond: number): number {
  return (index * 1000) / ratePerSecond;
}

/** Arrivals due within a duration, at most `requests`. */
export function totalArrivals(ratePerSecond: number, requests: number, durationMs: number): number {
  return Math.min(requests, Math.ceil((durationMs * ratePerSecond) / 1000));
}

/**
 * What to send at `elapsedMs` with `free` connections. The backlog is an index, so it needs no memory; giving up bounds it to
 * rate × timeout arrivals.
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
