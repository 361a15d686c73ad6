/**
 * Events (events.k8s.io/v1) of what the operator did and what is wrong, for `kubectl describe` and `kubectl events`.
 *
 * Callers record when something changed. What they repeat all the same becomes a series on the first event, written at
 * most every few minutes; what keeps changing is rate-limited per object. So a service that never settles costs the API
 * server a few writes, and its namespace is not flooded.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/event-v1/
 */
import { randomBytes } from "node:crypto";
import type { ApiClient } from "../kube/client.ts";
import type { KubeObject, Manifest, ResourceType } from "../kube/object.ts";
import { fieldManager } from "../kube/ownership.ts";
import { microTime, type Clock } from "./clock.ts";
import { TokenBuckets } from "./events-limit.ts";
import { fitNote } from "./events-note.ts";
import type { Logger } from "./log.ts";

export interface EventDraft {
  readonly type: "Normal" | "Warning";
  /** UpperCamelCase, why; from a closed list. */
  readonly reason: string;
  /** UpperCamelCase, what was done or tried. */
  readonly action: string;
  /** For people; shortened in the middle beyond 1,024 bytes. */
  readonly note: string;
}

export interface EventRecorder {
  /** Returns at once and never throws: an event that can't be written is logged and forgotten. */
  readonly record: (regarding: Regarding, draft: EventDraft) => void;
  /** Takes no more, and resolves when what was recorded has been written. */
  readonly close: () => Promise<void>;
}

export interface EventOptions {
  readonly client: Pick<ApiClient, "create" | "jsonPatch">;
  /** Which of the operator's processes: its identity in the leader election. */
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

/** One thing that happened, once or more. */
interface Occurrence {
  readonly event: EventManifest;
  count: number;
  /** When it last happened and when that was last written, on the monotonic clock; and by the wall clock. */
  seenAt: number;
  writtenAt: number;
  lastObservedTime: string;
  cancelWrite: (() => void) | undefined;
}

const events: ResourceType = {
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  resource: "events",
  namespaced: true,
};

const minute = 60_000;
/** Less than the hour after which the API server drops an event that nobody updated. */
const sameWithinMs = 30 * minute;
const seriesEveryMs = 5 * minute;
const perObject = { burst: 10, refillMs: minute };
/** Events wait for each other, so that a storm of them never takes the connections from the writes that matter. */
const mostWaiting = 1_000;

export function createEventRecorder({ client, reportingInstance, clock, log }: EventOptions): EventRecorder {
  const known = new Map<string, Occurrence>();
  const buckets = new TokenBuckets(perObject);
  let lastWrite: Promise<void> = Promise.resolve();
  let waiting = 0;
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
      log.debug({ ...draft, name: regarding.metadata.name }, "dropped an event: the object has had too many");
      return;
    }
    const event = eventOf(regarding, draft, reportingInstance, clock.wall());
    const now = clock.now();
    const occurrence: Occurrence = {
      event,
      count: 1,
      seenAt: now,
      writtenAt: now,
      lastObservedTime: event.eventTime,
      cancelWrite: undefined,
    };
    known.set(key, occurrence);
    write(key, occurrence, () => client.create(events, event, { fieldManager }));
  }

  function repeat(key: string, occurrence: Occurrence): void {
    occurrence.count++;
    occurrence.seenAt = clock.now();
    occurrence.lastObservedTime = microTime(clock.wall());
    occurrence.cancelWrite ??= clock.after(occurrence.writtenAt + seriesEveryMs - clock.now(), () => {
      occurrence.cancelWrite = undefined;
      occurrence.writtenAt = clock.now();
      const { namespace, name } = occurrence.event.metadata;
      const series = { count: occurrence.count, lastObservedTime: occurrence.lastObservedTime };
      const patch = [{ op: "add", path: "/series", value: series }] as const;
      write(key, occurrence, () => client.jsonPatch(events, namespace, name, patch));
    });
  }

  /** One after the other; what fails is forgotten, so that it is written anew should it happen again. */
  function write(key: string, occurrence: Occurrence, send: () => Promise<unknown>): void {
    if (waiting >= mostWaiting) return drop(key, occurrence, "too many wait to be written");
    waiting++;
    lastWrite = writeAfter(lastWrite, key, occurrence, send);
  }

  async function writeAfter(
    before: Promise<void>,
    key: string,
    occurrence: Occurrence,
    send: () => Promise<unknown>,
  ): Promise<void> {
    await before;
    waiting--;
    // The API server is away and the operator wants to end: each of the others would wait for its own timeout.
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
    log.warn({ error }, "an event was not written");
  }

  /** Kept in the order in which they last happened. */
  function forget(): void {
    for (const [key, { seenAt }] of known) {
      if (clock.now() - seenAt < sameWithinMs) return;
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
    // The API server wants the events of cluster-scoped objects in `default`.
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

/** Sorts beside its object. An object's name may take all of the 253 characters that a name may have. */
function eventName(name: string): string {
  return `${name.slice(0, 236).replace(/[.-]+$/, "")}.${randomBytes(8).toString("hex")}`;
}
