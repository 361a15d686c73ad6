/**
 * Finds out why pods do not start, and requeues their services. Most pods start within some seconds, and cost no request; of
 * those that do not, the events are read, again and again until a container has started.
 */
import type { ApiClient } from "../kube/client.ts";
import type { ObjectKey } from "../kube/object.ts";
import { startFailure, type StartFailure } from "../observe/pod-events.ts";
import type { PodView } from "../observe/pod-view.ts";
import { every, type Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import { isBeingCreated } from "../status/pod-trouble.ts";

export interface StartWatchOptions {
  readonly pods: { values(): Iterable<PodView | undefined> };
  readonly client: Pick<ApiClient, "list">;
  readonly clock: Clock;
  readonly log: Logger;
  readonly requeue: (service: ObjectKey) => void;
}

const roundMs = 5_000;
/** Before, the kubelet may not have written an event yet, and a first failure may pass: volumes often fail once. */
const patienceMs = 10_000;
/** A rollout of many services whose images are pulled for minutes must not flood the API server. */
const requestsPerRound = 10;

interface Start {
  /** On the monotonic clock. */
  readonly since: number;
  readAt: number;
  failure: StartFailure | undefined;
}

export class StartWatch {
  readonly #options: StartWatchOptions;
  /** By the pod's UID. */
  readonly #starts = new Map<string, Start>();
  #round: Promise<void> = Promise.resolve();
  #isBusy = false;

  constructor(options: StartWatchOptions) {
    this.#options = options;
  }

  /** Undefined: the pod starts, or has been starting for a few seconds only. */
  failureOf({ uid }: Pick<PodView, "uid">): StartFailure | undefined {
    return this.#starts.get(uid)?.failure;
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
    const now = this.#options.clock.now();
    const pods = [...this.#options.pods.values()].filter(
      (pod) => pod?.service !== undefined && isBeingCreated(pod),
    ) as PodView[];
    const current = new Set(pods.map(({ uid }) => uid));
    for (const uid of this.#starts.keys()) if (!current.has(uid)) this.#starts.delete(uid);
    const starts = pods.map((pod) => ({ pod, start: this.#startOf(pod, now) }));
    const due = starts
      .filter(({ start }) => now - start.since >= patienceMs)
      .toSorted((a, b) => a.start.readAt - b.start.readAt);
    await Promise.all(due.slice(0, requestsPerRound).map(({ pod, start }) => this.#read(pod, start, now)));
  }

  #startOf({ uid }: PodView, now: number): Start {
    const start = this.#starts.get(uid) ?? { since: now, readAt: -Infinity, failure: undefined };
    this.#starts.set(uid, start);
    return start;
  }

  async #read(pod: PodView, start: Start, now: number): Promise<void> {
    const { client, log, requeue } = this.#options;
    start.readAt = now;
    try {
      const failure = await startFailure(client, pod);
      const { reason, message } = start.failure ?? {};
      if (failure?.reason === reason && failure?.message === message) return;
      start.failure = failure;
      if (pod.service !== undefined) requeue(pod.service);
    } catch (error) {
      // Without the events, the status reports that the pod is being created.
      log.debug({ error, pod: pod.name, namespace: pod.namespace }, "the events of a pod cannot be read");
    }
  }
}
