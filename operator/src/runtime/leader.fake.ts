/** A Lease for tests, with the API server's optimistic concurrency, and candidates that can be cut off from it. */
import { pino } from "pino";
import { ApiError } from "../kube/errors.ts";
import { storedObject } from "../kube/object.sample.ts";
import { FakeClock } from "./clock.fake.ts";
import { Leadership, type LeaseTiming } from "./leader.ts";
import type { Lease, LeaseSpec, LeaseStore } from "./leader-lease.ts";

const timing: LeaseTiming = { leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 };

type Network = "open" | "refused" | "silent";

export class FakeLease {
  lease: Lease | undefined;
  #version = 0;

  constructor(spec?: LeaseSpec) {
    if (spec !== undefined) this.store(spec);
  }

  get holder(): string {
    return this.lease?.spec?.holderIdentity ?? "";
  }

  store(spec: LeaseSpec, annotations: Readonly<Record<string, string>> = {}): Lease {
    const { metadata } = storedObject({ annotations, resourceVersion: String(++this.#version) });
    this.lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec };
    return this.lease;
  }

  annotate(): void {
    this.store(this.lease?.spec ?? {}, { note: "edited" });
  }

  replace(lease: Lease, spec: LeaseSpec): Lease {
    if (this.lease === undefined) throw failure(404, "NotFound");
    if (this.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) throw failure(409, "Conflict");
    return this.store(spec);
  }

  create(spec: LeaseSpec): Lease {
    if (this.lease !== undefined) throw failure(409, "AlreadyExists");
    return this.store(spec);
  }
}

function failure(status: number, reason: string): ApiError {
  return new ApiError({ status, reason, message: reason, method: "PUT", path: "/lease" });
}

/** An operator that stands for election, with its own clock and its own network connection to the API server. */
export class Candidate {
  readonly clock = new FakeClock();
  readonly leadership: Leadership;
  readonly requests: string[] = [];
  readonly lines: string[] = [];
  lost: string | undefined;
  elected = false;
  /** The delay of each response. */
  latencyMs = 0;
  network: Network = "open";
  #resume: PromiseWithResolvers<void> | undefined;

  constructor(lease: FakeLease, identity: string) {
    this.leadership = new Leadership({
      ...timing,
      lease: this.#connect(lease),
      identity,
      clock: this.clock,
      random: () => 1,
      log: pino({ base: null, timestamp: false }, { write: (line) => this.lines.push(line) }),
    });
    void this.leadership.elected.then(() => (this.elected = true));
    void this.leadership.lost.then((reason) => (this.lost = reason));
  }

  get suspended(): boolean {
    return this.#resume !== undefined;
  }

  /** Whether this process may write now. */
  get mayWrite(): boolean {
    try {
      this.leadership.fence();
      return true;
    } catch {
      return false;
    }
  }

  /** SIGSTOP: only the clock keeps running. */
  suspend(): void {
    this.#resume ??= Promise.withResolvers<void>();
  }

  /** SIGCONT. */
  resume(): void {
    this.#resume?.resolve();
    this.#resume = undefined;
  }

  async pass(ms: number): Promise<void> {
    if (this.suspended) this.clock.suspend(ms);
    else await this.clock.advance(ms);
  }

  #connect(lease: FakeLease): LeaseStore {
    const send = async <T>(verb: string, timeoutMs: number, act: () => T): Promise<T> => {
      this.requests.push(verb);
      if (this.network === "refused") throw failure(0, "Unreachable");
      if (this.network === "silent") {
        await this.#wait(timeoutMs);
        throw failure(0, "Timeout");
      }
      // The server acts immediately; only the response is delayed.
      const response = (async () => act())();
      response.catch(() => {});
      await this.#wait(this.latencyMs);
      return response;
    };
    return {
      read: (timeoutMs) => send("read", timeoutMs, () => lease.lease),
      create: (spec, timeoutMs) => send("create", timeoutMs, () => lease.create(spec)),
      replace: (live, spec, timeoutMs) => send("replace", timeoutMs, () => lease.replace(live, spec)),
    };
  }

  async #wait(ms: number): Promise<void> {
    if (ms > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.clock.after(ms, resolve);
      await promise;
    }
    await this.#resume?.promise;
  }
}
