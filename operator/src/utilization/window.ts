/** What the pods have reported lately. Pure but for its own memory: the time is an argument. */
import type { Sample } from "./sample.ts";

/** Of one pod, as long as it is ready. */
export interface PodReports {
  /** Since when it is asked, on the monotonic clock. */
  readonly askedSince: number;
  /** The newest last; none is older than the window. */
  readonly samples: readonly TimedSample[];
  /** What went wrong the last time that it was asked; undefined: nothing, or not asked yet. */
  readonly problem: string | undefined;
}

export interface TimedSample extends Sample {
  /** When it came, on the monotonic clock. */
  readonly at: number;
}

interface Entry {
  readonly askedSince: number;
  readonly samples: TimedSample[];
  problem: string | undefined;
}

/** Over how long the status averages. */
export const windowMs = 60_000;

export class UtilizationWindow {
  /** By UID: a pod that takes another's name does not inherit what that one reported. */
  readonly #pods = new Map<string, Entry>();
  /** UIDs of pods that only look like the service's. */
  readonly #foreign = new Set<string>();
  readonly #freshMs: number;

  /** A pod's report is fresh for `freshMs`: enough for one poll to fail and the next to take its time. */
  constructor(freshMs: number) {
    this.#freshMs = freshMs;
  }

  /** How many pods are asked. */
  get size(): number {
    return this.#pods.size;
  }

  /** The pod is asked from now on; does nothing when it is asked already. */
  begin(uid: string, now: number): void {
    if (!this.#pods.has(uid)) this.#pods.set(uid, { askedSince: now, samples: [], problem: undefined });
  }

  /** Nothing is taken of a pod that is not asked any more: its answer came late. */
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

  /** The pod is not the service's, and nothing is expected of it until it is forgotten. */
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

  /** The newest report, unless it is too old to say anything about now. */
  fresh(uid: string, now: number): TimedSample | undefined {
    const latest = this.#pods.get(uid)?.samples.at(-1);
    return latest !== undefined && now - latest.at <= this.#freshMs ? latest : undefined;
  }

  /** Is the pod's first report still to come, and no wonder? */
  pending(uid: string, now: number): boolean {
    return (this.#pods.get(uid)?.samples.length ?? 0) === 0 && !this.silent(uid, now);
  }

  /** Has the pod had the time to report, and has not? */
  silent(uid: string, now: number): boolean {
    const entry = this.#pods.get(uid);
    if (entry === undefined) return false;
    return this.fresh(uid, now) === undefined && now - entry.askedSince > this.#freshMs;
  }

  /** What of the window's reports a sum over pods may use: those of pods that still report. */
  recent(uid: string, now: number): readonly TimedSample[] {
    if (this.fresh(uid, now) === undefined) return [];
    return this.#pods.get(uid)?.samples.filter(({ at }) => now - at <= windowMs) ?? [];
  }
}

function forgetOld({ samples }: Entry, now: number): void {
  const first = samples.findIndex(({ at }) => now - at <= windowMs);
  samples.splice(0, first === -1 ? samples.length : first);
}
