import { setTimeout as delay } from "node:timers/promises";

export interface UntilOptions {
  /** Milliseconds between two looks. */
  readonly everyMs?: number;
  /** Milliseconds after which waiting is in vain. */
  readonly withinMs?: number;
}

/** Looks until there is something to see, and answers it. `what` completes the sentence "waited in vain for …". */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { everyMs = 50, withinMs = 30_000 }: UntilOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what} (${withinMs / 1000} s)`);
    await delay(everyMs);
  }
}
