/**
 * Finds out from their events why pods wait, and requeues their services. Most pods wait for some seconds only, and cost no request;
 * of the others, the events are read again and again until they wait no longer.
 */
import { isDeepStrictEqual } from "node:util";
import type { ObjectKey } from "../kube/object.ts";
import type { PodView } from "../observe/pod-view.ts";
import { every, type Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";

export interface PodWatchOptions<Finding> {
  readonly pods: { values(): Iterable<PodView | undefined> };
  /** Whether the events of a pod of a service are of interest. */
  readonly isWaiting: (pod: PodView) => boolean;
  /** For how long a pod waits, in ms, before its events are read: they may not be written yet, or a first failure may pass. */
  readonly patienceMs: number;
  readonly read: (pod: PodView) => Promise<Finding | undefined>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly requeue: (service: ObjectKey) => void;
}

const roundMs = 5_000;
/** A rollout of many services whose images are pulled for minutes must not flood the API server. */
const requestsPerRound = 10;

interface Wait<Finding> {
  /** On the monotonic clock. */
  readonly since: number;
  readAt: number;
  finding: Finding | undefined;
}

export class PodWatch<Finding> {
  readonly #options: PodWatchOptions<Finding>;
  /** By the pod's UID. */
  readonly #waits = new Map<string, Wait<Finding>>();
  #round: Promise<void> = Promise.resolve();
  #isBusy = false;

  constructor(options: PodWatchOptions<Finding>) {
    this.#options = options;
  }

  /** Undefined: the pod does not wait, its events explain nothing, or they have not been read yet. */
  findingOf({ uid }: Pick<PodView, "uid">): Finding | undefined {
    return this.#waits.get(uid)?.finding;
  }

  /** The returned function stops. */
  start(): () => Promise<void> {
    const cancel = every(this.#options.clock, roundMs, () => {
      if (this.#isBusy) return;
      this.#isBusy = true;
      this.#round = this.#readDue().finally(() => void (this.#isBusy = false));
    });
    return async () => {
      cancel();
      await this.#round;
    };
  }

  async #readDue(): Promise<void> {
    const { pods, isWaiting, patienceMs, clock } = this.#options;
    const now = clock.now();
    const waiting = [...pods.values()].filter((pod) => pod?.service !== undefined && isWaiting(pod)) as PodView[];
    const current = new Set(waiting.map(({ uid }) => uid));
    for (const uid of this.#waits.keys()) if (!current.has(uid)) this.#waits.delete(uid);
    const due = waiting
      .map((pod) => ({ pod, wait: this.#waitOf(pod, now) }))
      .filter(({ wait }) => now - wait.since >= patienceMs)
      .toSorted((a, b) => a.wait.readAt - b.wait.readAt);
    await Promise.all(due.slice(0, requestsPerRound).map(({ pod, wait }) => this.#read(pod, wait, now)));
  }

  #waitOf({ uid }: PodView, now: number): Wait<Finding> {
    const wait = this.#waits.get(uid) ?? { since: now, readAt: -Infinity, finding: undefined };
    this.#waits.set(uid, wait);
    return wait;
  }

  async #read(pod: PodView, wait: Wait<Finding>, now: number): Promise<void> {
    const { read, log, requeue } = this.#options;
    wait.readAt = now;
    try {
      const finding = await read(pod);
      if (isDeepStrictEqual(finding, wait.finding)) return;
      wait.finding = finding;
      if (pod.service !== undefined) requeue(pod.service);
    } catch (error) {
      // Without the events, the status reports only what the pod's own status has.
      log.debug({ error, pod: pod.name, namespace: pod.namespace }, "the events of a pod cannot be read");
    }
  }
}
