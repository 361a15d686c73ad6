/** Visits the keys of a work queue, several at once, and decides from each visit's end when the key comes next. */
import { randomUUID } from "node:crypto";
import type { ObjectKey } from "../kube/object.ts";
import type { ApiError } from "../kube/errors.ts";
import { Backoff, type BackoffOptions } from "./backoff.ts";
import type { Clock } from "./clock.ts";
import { NotLeader } from "./leader.ts";
import type { Logger } from "./log.ts";
import type { ControllerMetrics, ReconcileResult } from "./metrics.ts";
import type { Priority, Work, WorkQueue } from "./queue.ts";

/** When a visited key wants to be visited next. */
export type Next =
  /** When something changes. */
  | { readonly kind: "done" }
  /** After so long, if nothing changes before. */
  | { readonly kind: "requeue"; readonly afterMs: number }
  /** It failed: later and later, and not before the server's Retry-After. */
  | { readonly kind: "backoff"; readonly atLeastMs?: number }
  /** It lost a race for an object: at once. */
  | { readonly kind: "now" };

export function backoffAfter({ retryAfterMs }: ApiError): Next {
  return { kind: "backoff", ...(retryAfterMs === undefined ? {} : { atLeastMs: retryAfterMs }) };
}

export interface ReconcileContext {
  /** Aborted when the process has to end and the visit has not ended in time. */
  readonly signal: AbortSignal;
  /** Names the object and the visit in each line. */
  readonly log: Logger;
  readonly priority: Priority;
}

export interface WorkersOptions {
  readonly queue: WorkQueue;
  /** Visits at once. */
  readonly concurrency: number;
  /** To reject is a bug: what may go wrong is a `Next`. */
  readonly reconcile: (key: ObjectKey, context: ReconcileContext) => Promise<Next>;
  readonly backoff: BackoffOptions;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: ControllerMetrics;
}

export interface Workers {
  /**
   * Begins no new visit and waits for those that run; after `graceMs` it aborts them. Resolves when none runs any more,
   * so that whoever then releases the Lease knows that nothing writes.
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

  // One visit per turn of the event loop: a thousand visits in a row would keep it from the watches, and an edit would
  // wait for the end of the storm.
  function schedule(): void {
    if (scheduled || stopping || running.size >= concurrency) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      const work = stopping ? undefined : queue.take();
      if (work === undefined) return;
      begin(work);
      schedule();
    });
  }

  function begin(work: Work): void {
    const visit = perform(work).finally(() => {
      running.delete(visit);
      schedule();
    });
    running.add(visit);
  }

  async function perform({ key, priority, waitedMs }: Work): Promise<void> {
    options.metrics.taken(waitedMs);
    const startedAt = clock.now();
    const [namespace, name] = key.split("/");
    const context = {
      signal: abort.signal,
      log: log.child({ namespace, name, reconcileID: randomUUID() }),
      priority,
    };
    const next = await ended(key, context);
    options.metrics.reconciled(results[next.kind], clock.now() - startedAt);
    come(key, priority, next);
    queue.done(key);
  }

  async function ended(key: ObjectKey, context: ReconcileContext): Promise<Next> {
    try {
      return await options.reconcile(key, context);
    } catch (error) {
      if (abort.signal.aborted) context.log.warn("the visit was aborted: the operator has to end");
      else if (error instanceof NotLeader) context.log.warn({ error }, "the visit ended early");
      else {
        options.metrics.panicked();
        context.log.error({ error }, "the visit threw: this is a bug of the operator");
      }
      return { kind: "backoff" };
    }
  }

  /** A retry keeps its class: an edit that met a broken connection is still what somebody waits for. */
  function come(key: ObjectKey, priority: Priority, next: Next): void {
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
        log.warn({ visits: queue.running() }, "aborting the visits that have not ended");
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
