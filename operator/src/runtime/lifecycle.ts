/**
 * How the process shuts down.
 *
 *   SIGTERM, SIGINT ──▶ the components stop in reverse order ──▶ exit 0   (1 if one failed or took too long)
 *   a second signal ──▶ exit immediately with 128 + its number
 *   fail, uncaught exception, unhandled rejection ──▶ exit 1 immediately
 *
 * The operator starts endpoints, caches, Lease and workers, so it shuts down safely: no new reconcile starts, running ones
 * finish, the Lease is released, then watches and endpoints close.
 */
import { constants } from "node:os";
import type { Clock } from "./clock.ts";
import type { Logger } from "./log.ts";

type Signal = "SIGTERM" | "SIGINT";

/** The members of `process` that are used here. */
export interface ProcessEvents {
  on(event: Signal | "uncaughtException" | "unhandledRejection", listener: (argument: unknown) => void): unknown;
  exit(code: number): void;
}

export interface LifecycleOptions {
  /** The limit for the whole shutdown; components that have not stopped by then are abandoned. */
  readonly timeoutMs: number;
  readonly process: ProcessEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Lifecycle {
  /** Registers a component, which stops before all those that were registered earlier. */
  readonly onStop: (component: string, stop: () => Promise<void>) => void;
  /** Exits immediately, as when the Lease is lost and nothing may be written any more. */
  readonly fail: (reason: string, error?: unknown) => void;
}

/** Handles signals, uncaught exceptions and unhandled rejections from now on. */
export function superviseProcess({ timeoutMs, process, clock, log }: LifecycleOptions): Lifecycle {
  const components: { readonly name: string; readonly stop: () => Promise<void> }[] = [];
  let stopping: string | undefined;

  async function shutDown(): Promise<void> {
    let code = 0;
    clock.after(timeoutMs, () => {
      log.error({ component: stopping }, `shutdown timed out after ${timeoutMs / 1000} s, exiting`);
      process.exit(1);
    });
    for (let component = components.pop(); component !== undefined; component = components.pop()) {
      stopping = component.name;
      try {
        await component.stop();
      } catch (error) {
        code = 1;
        log.error({ error, component: component.name }, "component failed to stop");
      }
    }
    log.info("shutdown complete");
    process.exit(code);
  }

  function onSignal(signal: Signal): void {
    if (stopping !== undefined) {
      log.warn({ signal }, "second signal, exiting immediately");
      return process.exit(128 + constants.signals[signal]);
    }
    stopping = "none";
    log.info({ signal }, "shutting down gracefully");
    void shutDown();
  }

  function fail(reason: string, error?: unknown): void {
    log.fatal(error === undefined ? {} : { error }, reason);
    process.exit(1);
  }

  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => onSignal(signal));
  process.on("uncaughtException", (error) => fail("uncaught exception", error));
  process.on("unhandledRejection", (error) => fail("unhandled rejection", error));

  return { onStop: (name, stop) => void components.push({ name, stop }), fail };
}
