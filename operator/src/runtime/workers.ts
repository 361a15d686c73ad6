/** Reconciles the keys of a work queue concurrently, and requeues each key according to the result. */
import { randomUUID } from "node:crypto";
import type { ObjectKey } from "../kube/object.ts";
import type { ApiError } from "../kube/errors.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { NotLeader } from "./leader.ts";
import type { Logger } from "./log.ts";
import type { ControllerMetrics, ReconcileResult } from "./metrics.ts";
import type { Priority, Work, WorkQueue } from "./queue.ts";

/** When a key is reconciled next. */
export type Next =
  /** When something changes. */
  | { readonly kind: "done" }
  /** After `afterMs`, unless something changes before. */
  | { readonly kind: "requeue"; readonly afterMs: number }
  /** After a failure: with exponential back-off, and not before the server's Retry-After. */
  | { readonly kind: "backoff"; readonly atLeastMs?: number }
  /** After a conflict: immediately. */
  | { readonly kind: "now" };

export function backoffAfter({ retryAfterMs }: ApiError): Next {
  return { kind: "backoff", ...(retryAfterMs === undefined ? {} : { atLeastMs: retryAfterMs }) };
}

export interface ReconcileContext {
  /** Aborts when the process shuts down and the reconcile has not finished in time. */
  readonly signal: AbortSignal;
  /** Adds the object and a reconcileID to each line. */
  readonly log: Logger;
  readonly priority: Priority;
}

export interface WorkersOptions {
  readonly queue: WorkQueue;
  /** The maximum number of concurrent reconciles. */
  readonly concurrency: number;
  /** Rejecting is a bug: expected failures return a `Next`. */
  readonly reconcile: (key: ObjectKey, context: ReconcileContext) => Promise<Next>;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
}

export interface Workers {
  /**
   * Starts no further reconcile and waits for the running ones; aborts them after `graceMs`. Resolves when none is
   * running, so that the Lease is not released while something still writes.
   */
  readonly stop: (graceMs: number) => Promise<void>;
}

export function runWorkers(options: WorkersOptions): Workers {
  const { queue, concurrency, clock, log } = options;
  const backoff = new Backoff(options.backoff);
  const abort = new AbortController();
  const running = new Set<Promise<void>>();
  let scheduled = false;
  let stopping = false;

  // One reconcile per turn of the event loop: a thousand in a row would block the watches, and an edit would wait for all
  // of them.
  function schedule(): void {
    if (scheduled || stopping || running.size >= concurrency) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      const work = stopping ? undefined : queue.take();
      if (work === undefined) return;
      start(work);
      schedule();
    });
  }

  function start(work: Work): void {
    const run = process(work).finally(() => {
      running.delete(run);
      schedule();
    });
    running.add(run);
  }

  async function process({ key, priority, waitedMs }: Work): Promise<void> {
    options.metrics.taken(waitedMs);
    const startedAt = clock.now();
    const [namespace, name] = key.split("/");
    const context = {
      signal: abort.signal,
      log: log.child({ namespace, name, reconcileID: randomUUID() }),
      priority,
    };
    const next = await reconcile(key, context);
    options.metrics.reconciled(results[next.kind], clock.now() - startedAt);
    requeue(key, priority, next);
    queue.done(key);
  }

  async function reconcile(key: ObjectKey, context: ReconcileContext): Promise<Next> {
    try {
      return await options.reconcile(key, context);
    } catch (error) {
      if (abort.signal.aborted) context.log.warn("reconcile aborted: the operator is shutting down");
      else if (error instanceof NotLeader) context.log.warn({ error }, "reconcile stopped early");
      else {
        options.metrics.panicked();
        context.log.error({ error }, "reconcile threw: this is a bug in the operator");
      }
      return { kind: "backoff" };
    }
  }

  /** A retry keeps its priority: a user still waits for an edit that failed on a broken connection. */
  function requeue(key: ObjectKey, priority: Priority, next: Next): void {
    switch (next.kind) {
      case "done":
        return backoff.succeeded(key);
      case "requeue":
        backoff.succeeded(key);
        return queue.add(key, "resync", next.afterMs);
      case "backoff":
        return queue.add(key, priority, Math.max(backoff.failed(key), next.atLeastMs ?? 0));
      case "now":
        return queue.add(key, priority, backoff.conflicted(key));
    }
  }

  queue.onReady(schedule);
  schedule();

  return {
    async stop(graceMs) {
      stopping = true;
      const cancel = clock.after(graceMs, () => {
        log.warn({ reconciles: queue.running() }, "aborting reconciles that have not finished");
        abort.abort();
      });
      await Promise.all(running);
      cancel();
    },
  };
}

const results: Readonly<Record<Next["kind"], ReconcileResult>> = {
  done: "success",
  requeue: "requeue_after",
  backoff: "error",
  now: "requeue",
};
