/** The reports of the last minute. The time is always an argument. */
import type { PodView } from "../observe/pod-view.ts";
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

/** What a pod is recorded by. */
export type ReportingPod = Pick<PodView, "uid" | "node" | "service">;

interface Entry {
  readonly pod: ReportingPod;
  /** The GPUs of its newest report, as keys of `#holders`. */
  gpus: readonly string[];
  /** Another pod has reported one of its GPUs. A pod keeps its GPUs, so this never ends: neighbours come and go. */
  shares: boolean;
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
  /** UIDs of the pods that report a GPU, by node and UUID: a pod cannot claim the GPUs of another node. */
  readonly #holders = new Map<string, Set<string>>();
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
  begin(pod: ReportingPod, now: number): void {
    if (this.#pods.has(pod.uid)) return;
    this.#pods.set(pod.uid, { pod, gpus: [], shares: false, polledSince: now, samples: [], problem: undefined });
  }

  /** Ignores the late report of a pod that was forgotten during the poll. */
  report(uid: string, sample: Sample, now: number): void {
    const entry = this.#pods.get(uid);
    if (entry === undefined) return;
    entry.problem = undefined;
    entry.samples.push({ ...sample, at: now });
    forgetOld(entry, now);
    this.#hold(entry, sample, now);
  }

  fail(uid: string, problem: string, now: number): void {
    const entry = this.#pods.get(uid);
    if (entry === undefined) return;
    entry.problem = problem;
    forgetOld(entry, now);
  }

  /** The pod does not belong to the service: no report is expected until it is forgotten. */
  reject(uid: string): void {
    this.#drop(uid);
    this.#foreign.add(uid);
  }

  isForeign(uid: string): boolean {
    return this.#foreign.has(uid);
  }

  forget(uid: string): void {
    this.#drop(uid);
    this.#foreign.delete(uid);
  }

  of(uid: string): PodReports | undefined {
    return this.#pods.get(uid);
  }

  /** Has another pod reported a GPU of this one? */
  shares(uid: string): boolean {
    return this.#pods.get(uid)?.shares ?? false;
  }

  /** The pods that report a GPU of the node now. */
  holders(node: string | undefined, uuid: string, now: number): readonly ReportingPod[] {
    const uids = [...(this.#holders.get(holdersKey(node, uuid)) ?? [])];
    return uids.flatMap((uid) => {
      const pod = this.fresh(uid, now) && this.#pods.get(uid)?.pod;
      return pod === undefined ? [] : [pod];
    });
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

  #hold(entry: Entry, { gpus }: Sample, now: number): void {
    const { pod } = entry;
    const uuids = gpus.flatMap(({ uuid }) => (uuid === null ? [] : [uuid]));
    const keys = uuids.map((uuid) => holdersKey(pod.node, uuid));
    for (const key of entry.gpus) if (!keys.includes(key)) this.#release(key, pod.uid);
    entry.gpus = keys;
    for (const [at, uuid] of uuids.entries()) {
      const key = keys[at] ?? "";
      const holders = this.#holders.get(key) ?? new Set();
      this.#holders.set(key, holders.add(pod.uid));
      const fresh = this.holders(pod.node, uuid, now);
      if (fresh.length < 2) continue;
      for (const { uid } of fresh) (this.#pods.get(uid) ?? entry).shares = true;
    }
  }

  #drop(uid: string): void {
    for (const key of this.#pods.get(uid)?.gpus ?? []) this.#release(key, uid);
    this.#pods.delete(uid);
  }

  #release(key: string, uid: string): void {
    const holders = this.#holders.get(key);
    holders?.delete(uid);
    if (holders?.size === 0) this.#holders.delete(key);
  }
}

function holdersKey(node = "", uuid: string): string {
  return `${node} ${uuid}`;
}

function forgetOld({ samples }: Entry, now: number): void {
  const first = samples.findIndex(({ at }) => now - at <= windowMs);
  samples.splice(0, first === -1 ? samples.length : first);
}
