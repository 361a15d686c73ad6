import type { Clock } from "./clock.ts";

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
