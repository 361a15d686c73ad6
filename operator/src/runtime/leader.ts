/**
 * Leader election on a Lease: one operator acts, the others stand by with warm caches.
 *
 *  standing by ──took the Lease──▶ leading ──not renewed for renewDeadline, or another holds it──▶ lost
 *       │                             │
 *       └──────────release────────────┴──release──▶ released (holderIdentity empty: the next one leads immediately)
 *
 * As in client-go, no clock is compared with another machine's: a standby takes the Lease when it has not observed a
 * change for leaseDuration on its own clock; a leader stops when its last successful renewal *began* renewDeadline ago.
 * renewDeadline < leaseDuration, so the old leader has stopped before the next one may start.
 *
 * A process that loses the Lease exits, as controller-runtime's manager does: its work in progress assumes a leader, and a
 * new process has none.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { ApiError } from "../kube/errors.ts";
import type { Clock } from "./clock.ts";
import { claim, released, type Lease, type LeaseSpec, type LeaseStore } from "./leader-lease.ts";
import type { Logger } from "./log.ts";

/** client-go's names; leaseDuration > renewDeadline > retryPeriod. */
export interface LeaseTiming {
  /** How long a standby waits after the last renewal that it observed. Stored in whole seconds. */
  readonly leaseDurationMs: number;
  /** How long a leader keeps leading after its last successful renewal. */
  readonly renewDeadlineMs: number;
  /** The interval between a leader's renewals; a standby checks slightly more often. */
  readonly retryPeriodMs: number;
}

export interface ElectionOptions extends LeaseTiming {
  readonly lease: LeaseStore;
  /** Unique per process. */
  readonly identity: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
}

/** A process that is not the leader attempted a write. */
export class NotLeader extends Error {
  override readonly name = "NotLeader";
}

/** `hostname_uuid`: in Kubernetes the hostname is the pod's name, and a restarted container is a new process. */
export function processIdentity(): string {
  return `${hostname()}_${randomUUID()}`;
}

const notLeading = {
  "standing by": "this process is a standby",
  lost: "this process has lost the Lease",
  released: "this process has released the Lease",
} as const;

interface Instant {
  readonly now: number;
  readonly wall: number;
}

/** Stands for election as soon as it is created, until the Lease is lost or released. */
export class Leadership {
  readonly #options: ElectionOptions;
  readonly #requestTimeoutMs: number;
  readonly #elected = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<string>();
  readonly #stopped: Promise<void>;
  #state: "standing by" | "leading" | "lost" | "released" = "standing by";
  /** As last read or written. */
  #lease: Lease | undefined;
  /** When the Lease was last observed to change, on the monotonic clock. */
  #observedAt = 0;
  /** When the last successful renewal began. */
  #renewed: Instant = { now: -Infinity, wall: -Infinity };
  #cancelDeadline: () => void = () => {};
  #wake: () => void = () => {};

  constructor(options: ElectionOptions) {
    this.#options = options;
    this.#requestTimeoutMs = options.renewDeadlineMs / 2;
    this.#stopped = this.#run();
  }

  /** Resolves when this process becomes the leader. */
  get elected(): Promise<void> {
    return this.#elected.promise;
  }

  /** Resolves with the reason when the Lease is lost; never when it is released. The process must then exit. */
  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  isLeader(): boolean {
    return this.#state === "leading";
  }

  /**
   * Throws `NotLeader` unless this process may write now. Call it when a write is about to be sent, not when it is
   * decided: in between, the process may have been suspended, and its timers fire later.
   */
  readonly fence = (): void => {
    if (this.#state !== "leading") throw new NotLeader(`write refused: ${notLeading[this.#state]}`);
    const ageMs = this.#age(this.#renewed);
    if (ageMs < this.#options.renewDeadlineMs) return;
    throw new NotLeader(`write refused: the Lease was last renewed ${Math.round(ageMs / 100) / 10} s ago`);
  };

  /** Stops standing for election and releases the Lease. Call it when nothing writes any more. Never rejects. */
  async release(): Promise<void> {
    if (this.#state === "lost" || this.#state === "released") return this.#stopped;
    this.#state = "released";
    this.#cancelDeadline();
    this.#wake();
    // A release that overtakes a renewal in flight would fail with a conflict.
    await this.#stopped;
    if (this.#lease?.spec?.holderIdentity !== this.#options.identity) return;
    const { lease, clock, log } = this.#options;
    try {
      await lease.replace(this.#lease, released(this.#lease.spec, clock.wall()), this.#requestTimeoutMs);
      log.info("released the Lease");
    } catch (error) {
      log.warn({ error }, "failed to release the Lease; the next leader waits until it expires");
    }
  }

  async #run(): Promise<void> {
    while (this.#stands()) {
      await this.#try();
      await this.#sleep();
      // After a suspension the renewal's timer may fire before the deadline's, and then even the renewal must not be sent.
      if (this.#options.clock.now() - this.#renewed.now >= this.#options.renewDeadlineMs) this.#expire();
    }
  }

  #stands(): boolean {
    return this.#state === "standing by" || this.#state === "leading";
  }

  async #try(): Promise<void> {
    try {
      if (this.#state === "leading" && (await this.#renew())) return;
      await this.#take();
    } catch (error) {
      this.#options.log.warn({ error, state: this.#state }, "failed to read or write the Lease");
    }
  }

  /** Renews with a single request; false when the Lease has changed since. */
  async #renew(): Promise<boolean> {
    const held = this.#lease;
    if (held === undefined) return false;
    try {
      await this.#write((spec) => this.#options.lease.replace(held, spec, this.#requestTimeoutMs));
      return true;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 409 || error.status === 404)) return false;
      throw error;
    }
  }

  async #take(): Promise<void> {
    const { lease, identity } = this.#options;
    const live = await lease.read(this.#requestTimeoutMs);
    this.#observe(live);
    // Lost or released during the read: taking the Lease now would block the others for nothing.
    if (!this.#stands()) return;
    if (live === undefined) return this.#write((spec) => lease.create(spec, this.#requestTimeoutMs));
    const holder = live.spec?.holderIdentity ?? "";
    if (holder !== "" && holder !== identity) {
      if (this.#state === "leading") return this.#lose(`${holder} holds the Lease`);
      if (this.#expiresInMs() > 0) return;
    }
    return this.#write((spec) => lease.replace(live, spec, this.#requestTimeoutMs));
  }

  async #write(send: (spec: LeaseSpec) => Promise<Lease>): Promise<void> {
    const { clock, identity, leaseDurationMs, renewDeadlineMs, log } = this.#options;
    const began: Instant = { now: clock.now(), wall: clock.wall() };
    this.#lease = await send(claim(this.#lease?.spec, identity, leaseDurationMs, began.wall));
    this.#observedAt = clock.now();
    // The response may have waited in a socket while the process was suspended.
    if (this.#age(began) >= renewDeadlineMs) return;
    this.#renewed = began;
    if (!this.#stands()) return;
    this.#cancelDeadline();
    this.#cancelDeadline = clock.after(began.now + renewDeadlineMs - clock.now(), () => this.#expire());
    if (this.#state === "leading") return;
    this.#state = "leading";
    log.info({ identity, leaseDurationSeconds: leaseDurationMs / 1000 }, "leading");
    this.#elected.resolve();
  }

  /** Only a change of the spec counts as a renewal: anyone may annotate the Lease of a dead leader. */
  #observe(live: Lease | undefined): void {
    const { clock, log } = this.#options;
    const before = this.#lease?.spec;
    this.#lease = live;
    if (JSON.stringify(before) === JSON.stringify(live?.spec)) return;
    this.#observedAt = clock.now();
    const holder = live?.spec?.holderIdentity;
    if (holder !== before?.holderIdentity && this.#state === "standing by") log.info({ holder }, "standing by");
  }

  #expire(): void {
    this.#lose(`failed to renew the Lease for ${this.#options.renewDeadlineMs / 1000} s`);
  }

  #lose(reason: string): void {
    if (this.#state !== "leading") return;
    this.#state = "lost";
    this.#cancelDeadline();
    this.#wake();
    this.#options.log.error({ reason }, "lost the Lease");
    this.#lost.resolve(reason);
  }

  #sleep(): Promise<void> {
    if (!this.#stands()) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(this.#nextTryMs(), resolve);
    this.#wake = () => {
      cancel();
      resolve();
    };
    return promise;
  }

  /** A standby checks no later than when the Lease expires, to take over as early as is safe. */
  #nextTryMs(): number {
    const { retryPeriodMs, random = Math.random } = this.#options;
    if (this.#state === "leading") return retryPeriodMs;
    const jittered = retryPeriodMs * (0.75 + random() / 4);
    const expiresInMs = this.#expiresInMs();
    return expiresInMs > 0 ? Math.min(jittered, Math.ceil(expiresInMs)) : jittered;
  }

  /** The time until a Lease that another process holds may be taken. */
  #expiresInMs(): number {
    const seconds = this.#lease?.spec?.leaseDurationSeconds;
    const durationMs = seconds === undefined ? this.#options.leaseDurationMs : seconds * 1000;
    return this.#observedAt + durationMs - this.#options.clock.now();
  }

  /** The larger of two ages: the monotonic clock stands still while the machine sleeps, the wall clock may be set back. */
  #age(instant: Instant): number {
    const { clock } = this.#options;
    return Math.max(clock.now() - instant.now, clock.wall() - instant.wall);
  }
}
