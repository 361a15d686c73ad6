/**
 * How the process ends.
 *
 *   SIGTERM, SIGINT ──▶ what was started last stops first ──▶ exit 0   (1 if a part failed or took too long)
 *   a second signal ──▶ exit at once, 128 + its number
 *   fail, uncaught exception, unhandled rejection ──▶ exit 1 at once
 *
 * Started in the order endpoints, caches, Lease, workers, the operator ends in the right one: no new visit, running
 * visits end, the Lease is released, watches and endpoints close.
 */
import { constants } from "node:os";
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

type Signal = "SIGTERM" | "SIGINT";

/** The part of `process` that is used here. */
export interface ProcessEvents {
  on(event: Signal | "uncaughtException" | "unhandledRejection", listener: (argument: unknown) => void): unknown;
  exit(code: number): void;
}

export interface LifecycleOptions {
  /** For the whole end; what has not stopped by then is left as it is. */
  readonly timeoutMs: number;
  readonly process: ProcessEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Lifecycle {
  /** Has `stop` called when the process ends, before all that was registered earlier. */
  readonly onStop: (part: string, stop: () => Promise<void>) => void;
  /** Ends the process at once: it may do nothing more, as when the Lease is lost. */
  readonly fail: (reason: string, error?: unknown) => void;
}

/** Listens for signals and for what nobody caught, from now on. */
export function superviseProcess({ timeoutMs, process, clock, log }: LifecycleOptions): Lifecycle {
  const parts: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  let stopping: string | undefined;

  async function end(): Promise<void> {
    let code = 0;
    clock.after(timeoutMs, () => {
      log.error({ part: stopping }, `not ended after ${timeoutMs / 1000} s, exiting all the same`);
      process.exit(1);
    });
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      stopping = part.name;
      try {
        await part.stop();
      } catch (error) {
        code = 1;
        log.error({ error, part: part.name }, "a part did not stop in order");
      }
    }
    log.info("ended");
    process.exit(code);
  }

  function onSignal(signal: Signal): void {
    if (stopping !== undefined) {
      log.warn({ signal }, "second signal, exiting at once");
      return process.exit(128 + constants.signals[signal]);
    }
    stopping = "nothing yet";
    log.info({ signal }, "ending in order");
    void end();
  }

  function fail(reason: string, error?: unknown): void {
    log.fatal(error === undefined ? {} : { error }, reason);
    process.exit(1);
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => onSignal(signal));
  process.on("uncaughtException", (error) => fail("an exception that nobody caught", error));
  process.on("unhandledRejection", (error) => fail("a rejection that nobody handled", error));

  return { onStop: (name, stop) => void parts.push({ name, stop }), fail };
}
