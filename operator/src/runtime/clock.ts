/** Time as an interface, so that tests can control it. */

export interface Clock {
  /** Monotonic milliseconds, for durations and deadlines. Stands still while the machine sleeps. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC, for timestamps and to detect that the machine slept. May jump. */
  wall(): number;
  /** Calls back once, `ms` from now. Returns a function that cancels the timer. */
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

/** Calls back repeatedly, `intervalMs` apart. Returns a function that stops it. */
export function every(clock: Clock, intervalMs: number, callback: () => void): () => void {
  let cancel = clock.after(intervalMs, tick);
  function tick(): void {
    callback();
    cancel = clock.after(intervalMs, tick);
  }
  return () => cancel();
}

/** Waits. Returns early, without an error, when the signal aborts. */
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

/** Formats a time as Time (meta/v1): RFC 3339 in whole seconds. */
export function timestamp(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d+Z$/, "Z");
}

/** Formats a time as MicroTime (meta/v1): RFC 3339 with microseconds. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace("Z", "000Z");
}
