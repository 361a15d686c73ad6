/**
 * What to look at next. One slot per key, so that a thousand changes of one object are one visit.
 *
 *              add, later                  add, now
 *     ┌─────────────────────────(absent)────────────────┐
 *     ▼                            ▲                    ▼
 *  delayed ──due, or add, now──────┼────────────────▶ ready
 *     ▲                            │ done               │ take
 *     │                            │                    ▼
 *     └────done, added later────running ◀───────────────┘
 *                                  │  ▲ add: kept until done, so that a key never runs twice at once
 *                                  └──┴──done, added meanwhile──▶ ready
 *
 * A key that is added again keeps the earlier time and the higher priority, and within its class its place.
 */
import type { ObjectKey } from "../kube/object.ts";
import type { Clock } from "./clock.ts";
import { DueHeap, type Due } from "./queue-heap.ts";

/** Why a key is looked at, the most urgent first. */
export const priorities = [
  /** A user changed the spec, or a child drifted. */
  "edit",
  /** Seen for the first time. */
  "create",
  /** The status of one of our own children changed. */
  "echo",
  /** A timer, or the visit to everything at the start. */
  "resync",
] as const;

export type Priority = (typeof priorities)[number];

export interface Work {
  readonly key: ObjectKey;
  readonly priority: Priority;
  /** How long it was due before it was taken. */
  readonly waitedMs: number;
}

interface Wish {
  /** On the monotonic clock, ms. */
  dueAt: number;
  /** Index in `priorities`. */
  rank: number;
}

interface Slot extends Wish, Due {
  readonly key: ObjectKey;
  state: "delayed" | "ready" | "running";
  startedAt: number;
  /** What was added while the key was running. */
  next: Wish | undefined;
}

/**
 * One take in so many goes to the key that has waited longest, whatever its class. Otherwise services that somebody
 * fights over (each repair brings the next drift) would keep all others waiting for ever.
 */
const fairTakeEvery = 8;

export class WorkQueue {
  readonly #clock: Clock;
  readonly #slots = new Map<ObjectKey, Slot>();
  readonly #delayed = new DueHeap<Slot>();
  /** Insertion order is the order of service. */
  readonly #ready: readonly Map<ObjectKey, Slot>[] = priorities.map(() => new Map<ObjectKey, Slot>());
  readonly #running = new Set<Slot>();
  #listener: () => void = () => {};
  #timer: { readonly dueAt: number; readonly cancel: () => void } | undefined;
  #adds = 0;
  #takes = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The one who is told when there may be something to take. */
  onReady(listener: () => void): void {
    this.#listener = listener;
  }

  /** Wants `key` to be looked at, `afterMs` from now. */
  add(key: ObjectKey, priority: Priority, afterMs = 0): void {
    if (this.#closed) return;
    const wish = { dueAt: this.#clock.now() + Math.max(afterMs, 0), rank: priorities.indexOf(priority) };
    const slot = this.#slots.get(key);
    if (slot === undefined) {
      const fresh = newSlot(key, wish);
      this.#slots.set(key, fresh);
      this.#place(fresh);
    } else if (slot.state === "running") {
      slot.next = slot.next === undefined ? wish : sooner(slot.next, wish);
    } else {
      this.#hasten(slot, sooner(slot, wish));
    }
  }

  /** The most urgent key that is due and not running; it runs from now until `done`. */
  take(): Work | undefined {
    this.#promote();
    const slot = this.#first();
    if (slot === undefined) return undefined;
    this.#takes++;
    this.#ready[slot.rank]?.delete(slot.key);
    slot.state = "running";
    slot.startedAt = this.#clock.now();
    this.#running.add(slot);
    return { key: slot.key, priority: priorityOf(slot), waitedMs: slot.startedAt - slot.dueAt };
  }

  /** Ends the visit of a key that was taken. */
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

  /** Forgets all that waits and takes nothing more; what is running may still be `done`. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const ready of this.#ready) ready.clear();
    for (const slot of this.#slots.values()) {
      if (slot.state === "delayed") this.#delayed.remove(slot);
      if (slot.state !== "running") this.#slots.delete(slot.key);
    }
  }

  /** How many keys are due and wait to be taken. */
  depth(priority: Priority): number {
    this.#promote();
    return this.#ready[priorities.indexOf(priority)]?.size ?? 0;
  }

  /** How many times a key became due, since the start. */
  get adds(): number {
    return this.#adds;
  }

  /** For how long each running key has been running, in ms. */
  running(): readonly { readonly key: ObjectKey; readonly forMs: number }[] {
    return [...this.#running].map(({ key, startedAt }) => ({ key, forMs: this.#clock.now() - startedAt }));
  }

  #place(slot: Slot): void {
    if (slot.dueAt > this.#clock.now()) {
      slot.state = "delayed";
      this.#delayed.push(slot);
      this.#arm();
      return;
    }
    this.#enqueue(slot);
    this.#listener();
  }

  #enqueue(slot: Slot): void {
    slot.state = "ready";
    this.#adds++;
    this.#ready[slot.rank]?.set(slot.key, slot);
  }

  #hasten(slot: Slot, { dueAt, rank }: Wish): void {
    if (slot.state === "delayed") {
      this.#delayed.remove(slot);
      this.#place(Object.assign(slot, { dueAt, rank }));
      return;
    }
    if (rank === slot.rank) return;
    this.#ready[slot.rank]?.delete(slot.key);
    slot.rank = rank;
    this.#ready[rank]?.set(slot.key, slot);
  }

  /** Moves what has become due from the heap to the classes. */
  #promote(): void {
    for (let slot = this.#delayed.peek(); slot !== undefined; slot = this.#delayed.peek()) {
      if (slot.dueAt > this.#clock.now()) return;
      this.#delayed.remove(slot);
      this.#enqueue(slot);
    }
  }

  #first(): Slot | undefined {
    const heads = this.#ready.map((slots) => slots.values().next().value).filter((slot) => slot !== undefined);
    if (this.#takes % fairTakeEvery !== fairTakeEvery - 1) return heads[0];
    return heads.reduce<Slot | undefined>(
      (oldest, slot) => (oldest === undefined || slot.dueAt < oldest.dueAt ? slot : oldest),
      undefined,
    );
  }

  /** Keeps one timer, for the earliest of the delayed. */
  #arm(): void {
    const dueAt = this.#delayed.peek()?.dueAt;
    if (dueAt === undefined || (this.#timer !== undefined && this.#timer.dueAt <= dueAt)) return;
    this.#timer?.cancel();
    const cancel = this.#clock.after(dueAt - this.#clock.now(), () => {
      this.#timer = undefined;
      this.#promote();
      this.#arm();
      this.#listener();
    });
    this.#timer = { dueAt, cancel };
  }
}

function newSlot(key: ObjectKey, wish: Wish): Slot {
  return { key, ...wish, state: "delayed", startedAt: 0, next: undefined, heapIndex: 0, heapOrder: 0 };
}

function sooner(a: Wish, b: Wish): Wish {
  return { dueAt: Math.min(a.dueAt, b.dueAt), rank: Math.min(a.rank, b.rank) };
}

function priorityOf({ rank }: Wish): Priority {
  return priorities[rank] ?? "resync";
}
