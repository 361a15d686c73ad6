/**
 * The queue of keys to reconcile. One slot per key, so that a thousand changes of an object lead to one reconcile.
 *
 *              add, later                  add, now
 *     ┌─────────────────────────(absent)────────────────┐
 *     ▼                            ▲                    ▼
 *  delayed ──due, or add, now──────┼────────────────▶ ready
 *     ▲                            │ done               │ take
 *     │                            │                    ▼
 *     └────done, added later────running ◀───────────────┘
 *                                  │  ▲ add: kept until done, so that a key never runs twice concurrently
 *                                  └──┴──done, added meanwhile──▶ ready
 *
 * A key that is added again keeps the earlier time, the higher priority, and its place within the priority.
 */
import type { ObjectKey } from "../kube/object.ts";
import type { Clock } from "./clock.ts";

/** Why a key is reconciled, most urgent first. */
export const priorities = [
  /** A user changed the spec, or a child drifted. */
  "edit",
  /** The object is new. */
  "create",
  /** The status of one of our own children changed. */
  "echo",
  /** A timer, or the initial reconcile of every object. */
  "resync",
] as const;

export type Priority = (typeof priorities)[number];

export interface Work {
  readonly key: ObjectKey;
  readonly priority: Priority;
  /** The time between becoming due and being taken. */
  readonly waitedMs: number;
}

interface Schedule {
  /** In ms on the monotonic clock. */
  dueAt: number;
  /** Index in `priorities`. */
  rank: number;
}

interface Slot extends Schedule {
  readonly key: ObjectKey;
  state: "delayed" | "ready" | "running";
  /** Cancels the timer of a delayed key. */
  cancel: () => void;
  startedAt: number;
  /** What was added while the key was running. */
  next: Schedule | undefined;
}

/**
 * Every eighth take returns the key that has waited longest, whatever its priority. Otherwise services with competing
 * writers, where each repair causes the next drift, would starve all others.
 */
const fairTakeEvery = 8;

export class WorkQueue {
  readonly #clock: Clock;
  readonly #slots = new Map<ObjectKey, Slot>();
  /** By priority; taken in insertion order. */
  readonly #ready: readonly Map<ObjectKey, Slot>[] = priorities.map(() => new Map<ObjectKey, Slot>());
  readonly #running = new Set<Slot>();
  #listener: () => void = () => {};
  #adds = 0;
  #takes = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the listener that is called when a key may be ready to take. */
  onReady(listener: () => void): void {
    this.#listener = listener;
  }

  /** Schedules `key`, `afterMs` from now. */
  add(key: ObjectKey, priority: Priority, afterMs = 0): void {
    if (this.#closed) return;
    const schedule = { dueAt: this.#clock.now() + Math.max(afterMs, 0), rank: priorities.indexOf(priority) };
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      const added = newSlot(key, schedule);
      this.#slots.set(key, added);
      this.#place(added);
    } else if (slot.state === "running") {
      slot.next = slot.next === undefined ? schedule : sooner(slot.next, schedule);
    } else {
      this.#advance(slot, sooner(slot, schedule));
    }
  }

  /** Returns the most urgent key that is due and not running; it is running until `done`. */
  take(): Work | undefined {
    const slot = this.#first();
    if (slot === undefined) return undefined;
    this.#takes++;
    this.#ready[slot.rank]?.delete(slot.key);
    slot.state = "running";
    slot.startedAt = this.#clock.now();
    this.#running.add(slot);
    // Node may fire a timer a fraction of a millisecond early.
    return { key: slot.key, priority: priorityOf(slot), waitedMs: Math.max(slot.startedAt - slot.dueAt, 0) };
  }

  /** Marks a key that was taken as no longer running. */
  done(key: ObjectKey): void {
    const slot = this.#slots.get(key);
    if (slot?.state !== "running") throw new Error(`${key} is not running`);
    this.#running.delete(slot);
    const { next } = slot;
    if (next === undefined || this.#closed) {
      this.#slots.delete(key);
      return;
    }
    this.#place(Object.assign(slot, next, { next: undefined }));
  }

  /** Drops all waiting keys and ignores further ones; running keys may still be `done`. */
  close(): void {
    this.#closed = true;
    for (const ready of this.#ready) ready.clear();
    for (const slot of this.#slots.values()) {
      slot.cancel();
      if (slot.state !== "running") this.#slots.delete(slot.key);
    }
  }

  /** The number of keys of a priority that are due and not taken. */
  depth(priority: Priority): number {
    return this.#ready[priorities.indexOf(priority)]?.size ?? 0;
  }

  /** How many times a key has become due. */
  get adds(): number {
    return this.#adds;
  }

  /** The running keys, and for how long each has been running, in ms. */
  running(): readonly { readonly key: ObjectKey; readonly forMs: number }[] {
    return [...this.#running].map(({ key, startedAt }) => ({ key, forMs: this.#clock.now() - startedAt }));
  }

  #place(slot: Slot): void {
    const afterMs = slot.dueAt - this.#clock.now();
    if (afterMs <= 0) return this.#enqueue(slot);
    slot.state = "delayed";
    slot.cancel = this.#clock.after(afterMs, () => this.#enqueue(slot));
  }

  #enqueue(slot: Slot): void {
    slot.state = "ready";
    this.#adds++;
    this.#ready[slot.rank]?.set(slot.key, slot);
    this.#listener();
  }

  #advance(slot: Slot, { dueAt, rank }: Schedule): void {
    if (slot.state === "delayed") {
      slot.cancel();
      this.#place(Object.assign(slot, { dueAt, rank }));
      return;
    }
    if (rank === slot.rank) return;
    this.#ready[slot.rank]?.delete(slot.key);
    slot.rank = rank;
    this.#ready[rank]?.set(slot.key, slot);
  }

  #first(): Slot | undefined {
    const heads = this.#ready.map((slots) => slots.values().next().value).filter((slot) => slot !== undefined);
    if (this.#takes % fairTakeEvery !== fairTakeEvery - 1) return heads[0];
    return heads.reduce<Slot | undefined>(
      (oldest, slot) => (oldest === undefined || slot.dueAt < oldest.dueAt ? slot : oldest),
      undefined,
    );
  }
}

function newSlot(key: ObjectKey, schedule: Schedule): Slot {
  return { key, ...schedule, state: "delayed", startedAt: 0, next: undefined, cancel() {} };
}

function sooner(a: Schedule, b: Schedule): Schedule {
  return { dueAt: Math.min(a.dueAt, b.dueAt), rank: Math.min(a.rank, b.rank) };
}

function priorityOf({ rank }: Schedule): Priority {
  return priorities[rank] ?? "resync";
}
