/**
 * Events (events.k8s.io/v1) about what the operator did and what is wrong, for `kubectl describe` and `kubectl events`.
 *
 * Callers record an event when something changed. A repeated event becomes a series on the first one, written at most
 * every few minutes; different events are rate-limited per object. So a service that never settles costs the API server
 * a few writes and does not flood its namespace.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
import { randomBytes } from "node:crypto";
import type { ApiClient } from "../kube/client.ts";
import { namespacedType, type KubeObject, type Manifest } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import { microTime, type Clock } from "./clock.ts";
import { TokenBuckets } from "./events-limit.ts";
import { fitNote } from "./events-note.ts";
import type { Logger } from "./log.ts";

export interface EventDraft {
  readonly type: "Normal" | "Warning";
  /** Why, in UpperCamelCase, from a closed list. */
  readonly reason: string;
  /** What was done or attempted, in UpperCamelCase. */
  readonly action: string;
  /** A sentence for users; shortened in the middle beyond 1,024 bytes. */
  readonly note: string;
}

export interface EventRecorder {
  /** Returns immediately and never throws: a failed write is logged and the event dropped. */
  readonly record: (regarding: Regarding, draft: EventDraft) => void;
  /** Ignores further events, and resolves when the recorded ones have been written. */
  readonly close: () => Promise<void>;
}

export interface EventOptions {
  readonly client: Pick<ApiClient, "create" | "jsonPatch">;
  /** The identity of this process in the leader election. */
  readonly reportingInstance: string;
  readonly clock: Clock;
  readonly log: Logger;
}

type Regarding = Pick<KubeObject, "apiVersion" | "kind"> & {
  readonly metadata: Pick<KubeObject["metadata"], "name" | "namespace" | "uid" | "resourceVersion">;
};

interface EventManifest extends Manifest, EventDraft {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly regarding: object;
}

/** An event and how often it happened. */
interface Occurrence {
  readonly event: EventManifest;
  count: number;
  /** When it last happened, on the monotonic clock. */
  observedAt: number;
  /** When it was last written, on the monotonic clock. */
  writtenAt: number;
  /** When it last happened, by the wall clock. */
  lastObservedTime: string;
  cancelWrite: (() => void) | undefined;
}

const events = namespacedType("events.k8s.io/v1", "Event", "events");

const minute = 60_000;
/** Less than the hour after which the API server deletes an event that was not updated. */
const seriesWithinMs = 30 * minute;
const seriesWriteIntervalMs = 5 * minute;
const perObject = { burst: 10, refillMs: minute };
/** Events are written one at a time, so that a storm of them cannot use up the connections for other writes. */
const maxQueued = 1_000;

export function createEventRecorder({ client, reportingInstance, clock, log }: EventOptions): EventRecorder {
  const known = new Map<string, Occurrence>();
  const buckets = new TokenBuckets(perObject);
  let lastWrite: Promise<void> = Promise.resolve();
  let queued = 0;
  let failing = false;
  let closed = false;

  function record(regarding: Regarding, draft: EventDraft): void {
    if (closed) return;
    forget();
    const key = JSON.stringify([regarding.metadata.uid, draft.reason, draft.note]);
    const before = known.get(key);
    if (before !== undefined) {
      known.delete(key);
      known.set(key, before);
      return repeat(key, before);
    }
    if (!buckets.take(regarding.metadata.uid, clock.now())) {
      log.debug({ ...draft, name: regarding.metadata.name }, "event dropped: rate limit of the object exceeded");
      return;
    }
    const event = eventOf(regarding, draft, reportingInstance, clock.wall());
    const now = clock.now();
    const occurrence: Occurrence = {
      event,
      count: 1,
      observedAt: now,
      writtenAt: now,
      lastObservedTime: event.eventTime,
      cancelWrite: undefined,
    };
    known.set(key, occurrence);
    write(key, occurrence, () => client.create(events, event, { fieldManager }));
  }

  function repeat(key: string, occurrence: Occurrence): void {
    occurrence.count++;
    occurrence.observedAt = clock.now();
    occurrence.lastObservedTime = microTime(clock.wall());
    occurrence.cancelWrite ??= clock.after(occurrence.writtenAt + seriesWriteIntervalMs - clock.now(), () => {
      occurrence.cancelWrite = undefined;
      occurrence.writtenAt = clock.now();
      const { namespace, name } = occurrence.event.metadata;
      const series = { count: occurrence.count, lastObservedTime: occurrence.lastObservedTime };
      const patch = [{ op: "add", path: "/series", value: series }] as const;
      write(key, occurrence, () => client.jsonPatch(events, namespace, name, patch));
    });
  }

  /** Writes one event at a time. A failed one is forgotten, so that its next occurrence is written as a new event. */
  function write(key: string, occurrence: Occurrence, send: () => Promise<unknown>): void {
    if (queued >= maxQueued) return drop(key, occurrence, "too many events are queued");
    queued++;
    lastWrite = writeAfter(lastWrite, key, occurrence, send);
  }

  async function writeAfter(
    before: Promise<void>,
    key: string,
    occurrence: Occurrence,
    send: () => Promise<unknown>,
  ): Promise<void> {
    await before;
    queued--;
    // While the API server is unreachable, shutdown would wait for the timeout of each queued event.
    if (closed && failing) return;
    try {
      await send();
      failing = false;
    } catch (error) {
      failing = true;
      drop(key, occurrence, error);
    }
  }

  function drop(key: string, occurrence: Occurrence, error: unknown): void {
    occurrence.cancelWrite?.();
    if (known.get(key) === occurrence) known.delete(key);
    log.warn({ error }, "failed to write an event");
  }

  /** Drops old events; `known` is ordered by last occurrence. */
  function forget(): void {
    for (const [key, { observedAt }] of known) {
      if (clock.now() - observedAt < seriesWithinMs) return;
      known.delete(key);
    }
  }

  return {
    record,
    async close() {
      closed = true;
      for (const { cancelWrite } of known.values()) cancelWrite?.();
      await lastWrite;
    },
  };
}

function eventOf(regarding: Regarding, draft: EventDraft, reportingInstance: string, wallMs: number): EventManifest {
  const { name, namespace, uid, resourceVersion } = regarding.metadata;
  return {
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    // The API server requires events of cluster-scoped objects to be in `default`.
    metadata: { name: eventName(name), namespace: namespace ?? "default" },
    eventTime: microTime(wallMs),
    ...draft,
    note: fitNote(draft.note),
    reportingController: "gpumedia.io/operator",
    reportingInstance,
    regarding: {
      apiVersion: regarding.apiVersion,
      kind: regarding.kind,
      ...(namespace === undefined ? {} : { namespace }),
      name,
      uid,
      resourceVersion,
    },
  };
}

/** Sorts next to its object. The object's name alone may use all 253 characters that a name may have. */
function eventName(name: string): string {
  return `${name.slice(0, 236).replace(/[.-]+$/, "")}.${randomBytes(8).toString("hex")}`;
}
