import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** Milliseconds between two reads. */
  readonly everyMs?: number;
  /** Milliseconds after which it fails. */
  readonly withinMs?: number;
}

/** Records a value for the message of a time-out, and returns it. */
export type See = <Value>(value: Value) => Value;

const longestValue = 2_000;

/**
 * Reads until the result is neither undefined nor false, and returns it. `what` completes "timed out waiting for …"; the error includes the last value
 * that was passed to `see`.
 */
export async function until<T>(
  what: string,
  read: (see: See) => Promise<T | undefined | false> | T | undefined | false,
  { everyMs = 50, withinMs = 60_000 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  const seen: unknown[] = [];
  const see: See = (value) => {
    seen[0] = value;
    return value;
  };
  for (;;) {
    const result = await read(see);
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) {
      const last = seen.length === 0 ? "" : `; last seen: ${JSON.stringify(seen[0])}`;
      throw new Error(`timed out after ${withinMs / 1000} s waiting for ${what}${last.slice(0, longestValue)}`);
    }
    await delay(everyMs);
  }
}
