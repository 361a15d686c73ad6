import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** Milliseconds between two reads at first. Later reads are further apart: see `pauseMs`. */
  readonly everyMs?: number;
  /** Milliseconds after which it fails. */
  readonly withinMs?: number;
}

/** Records a value for the message of a time-out, and returns it. */
export type See = <Value>(value: Value) => Value;

const longestValue = 2_000;
const longestPauseMs = 250;

/** A wait becomes a twentieth longer at most, and a long one costs the API server hundreds of requests, not thousands. */
export function pauseMs(everyMs: number, waitedMs: number): number {
  return Math.max(everyMs, Math.min(waitedMs / 20, longestPauseMs));
}

/**
 * Reads until the result is neither undefined nor false, and returns it. `what` completes "timed out waiting for …"; the error includes the last value
 * that was passed to `see`.
 */
export async function until<T>(
  what: string,
  read: (see: See) => Promise<T | undefined | false> | T | undefined | false,
  { everyMs = 50, withinMs = 60_000 }: UntilOptions = {},
): Promise<T> {
  const start = performance.now();
  const deadline = start + withinMs;
  const seen: unknown[] = [];
  const see: See = (value) => {
    seen[0] = value;
    return value;
  };
  for (;;) {
    const result = await read(see);
    if (result !== undefined && result !== false) return result;
    const now = performance.now();
    if (now > deadline) {
      const last = seen.length === 0 ? "" : `; last seen: ${JSON.stringify(seen[0])}`;
      throw new Error(`timed out after ${withinMs / 1000} s waiting for ${what}${last.slice(0, longestValue)}`);
    }
    await delay(pauseMs(everyMs, now - start));
  }
}
