/** The reports of the last minute. The time is always an argument. */
import type { Sample } from "./sample.ts";

/** Of one pod, while it is ready. */
export interface PodReports {
  /** When the first poll began, on the monotonic clock. */
  readonly polledSince: number;
  /** The newest last; none is older than the window. */
  readonly samples: readonly TimedSample[];
  /** Why the last poll failed; undefined: it succeeded, or there was none. */
  readonly problem: string | undefined;
}

export interface TimedSample extends Sample {
  /** When it was received, on the monotonic clock. */
  readonly at: number;
}

interface Entry {
  readonly polledSince: number;
  readonly samples: TimedSample[];
  problem: string | undefined;
}

/** The time over which the status averages. */
export const windowMs = 60_000;

export class UtilizationWindow {
  /** By UID: a new pod of the same name does not inherit the reports. */
  readonly #pods = new Map<string, Entry>();
  /** UIDs of pods that have the labels of a service but do not belong to it. */
  readonly #foreign = new Set<string>();
  readonly #freshMs: number;

  /** A report is fresh for `freshMs`: long enough for one poll to fail and the next one to be slow. */
  constructor(freshMs: number) {
    this.#freshMs = freshMs;
  }

  /** The number of polled pods. */
  get size(): number {
    return this.#pods.size;
  }

  /** Starts to record a pod; does nothing for one that is recorded already. */
  begin(uid: string, now: number): void {
    if (!this.#pods.has(uid)) this.#pods.set(uid, { polledSince: now, samples: [], problem: undefined });
  }

  /** Ignores the late report of a pod that was forgotten during the poll. */
  report(uid: string, sample: Sample, now: number): void {
    const entry = this.#pods.get(uid);
    if (entry === undefined) return;
    entry.problem = undefined;
    entry.samples.push({ ...sample, at: now });
    forgetOld(entry, now);
  }

  fail(uid: string, problem: string, now: number): void {
    const entry = this.#pods.get(uid);
    if (entry === undefined) return;
    entry.problem = problem;
    forgetOld(entry, now);
  }

  /** The pod does not belong to the service: no report is expected until it is forgotten. */
  reject(uid: string): void {
    this.#pods.delete(uid);
    this.#foreign.add(uid);
  }

  isForeign(uid: string): boolean {
    return this.#foreign.has(uid);
  }

  forget(uid: string): void {
    this.#pods.delete(uid);
    this.#foreign.delete(uid);
  }

  of(uid: string): PodReports | undefined {
    return this.#pods.get(uid);
  }

  /** The newest report, unless it is too old. */
  fresh(uid: string, now: number): TimedSample | undefined {
    const latest = this.#pods.get(uid)?.samples.at(-1);
    return latest !== undefined && now - latest.at <= this.#freshMs ? latest : undefined;
  }

  /** Is the first report of the pod still pending, and not overdue? */
  pending(uid: string, now: number): boolean {
    return (this.#pods.get(uid)?.samples.length ?? 0) === 0 && !this.silent(uid, now);
  }

  /** Is the pod's report overdue? */
  silent(uid: string, now: number): boolean {
    const entry = this.#pods.get(uid);
    if (entry === undefined) return false;
    return this.fresh(uid, now) === undefined && now - entry.polledSince > this.#freshMs;
  }

  /** The reports of the window, for sums over pods; none of a pod that no longer reports. */
  recent(uid: string, now: number): readonly TimedSample[] {
    if (this.fresh(uid, now) === undefined) return [];
    return this.#pods.get(uid)?.samples.filter(({ at }) => now - at <= windowMs) ?? [];
  }
}

function forgetOld({ samples }: Entry, now: number): void {
  const first = samples.findIndex(({ at }) => now - at <= windowMs);
  samples.splice(0, first === -1 ? samples.length : first);
}
