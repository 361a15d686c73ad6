/** Time as the runtime sees it, so that tests can hold it in their hands. */

export interface Clock {
  /** Milliseconds that only grow: for durations and deadlines. Does not count while the machine itself sleeps. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC: for what others read, and to notice that the machine slept. May jump. */
  wall(): number;
  /** Calls back once, `ms` from now; calling the answer cancels. */
  after(ms: number, callback: () => void): () => void;
}

/** Node fires a longer timer after 1 ms. */
const longestTimerMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after(ms, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimerMs));
    return () => clearTimeout(timer);
  },
};

/** Calls back again and again, `intervalMs` after the last time; calling the answer ends it. */
export function every(clock: Clock, intervalMs: number, callback: () => void): () => void {
  let cancel = clock.after(intervalMs, again);
  function again(): void {
    callback();
    cancel = clock.after(intervalMs, again);
  }
  return () => cancel();
}

/** Waits; ends early, and without an error, when the signal aborts. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = (): void => resolve();
  const cancel = clock.after(ms, wake);
  signal.addEventListener("abort", wake);
  await promise;
  signal.removeEventListener("abort", wake);
  cancel();
}

/** A time of day as MicroTime (meta/v1) is written: RFC 3339 with microseconds. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace("Z", "000Z");
}
