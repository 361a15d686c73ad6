/**
 * Polls every ready pod of every service for its utilization, and keeps the reports in the window.
 *
 *   ready pod ──within 2 s──▶ due ──a free slot──▶ polled ──report or failure──▶ due again one interval later
 *
 * Each pod has its own rhythm, so that the polls of two thousand pods are spread out. A failed poll is not retried
 * before the next interval.
 */
import type { ObjectKey } from "../kube/object.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import { WorkQueue } from "../runtime/queue.ts";
import { currentOf, previousOf, type StoreChange, type StoreListener } from "../runtime/store.ts";
import type { ReportSource } from "./fetch-report.ts";
import { isPolled } from "./reading.ts";
import type { UtilizationWindow } from "./window.ts";

export interface CollectorOptions {
  readonly pods: {
    get(key: ObjectKey): PodView | undefined;
    values(): Iterable<PodView | undefined>;
    subscribe(listener: StoreListener<PodView | undefined>): void;
  };
  /** Does the pod belong to the Deployment of the service that its label names? Undefined: not known yet. */
  readonly owned: (pod: PodView) => boolean | undefined;
  readonly source: Pick<ReportSource, "fetch">;
  readonly window: UtilizationWindow;
  readonly intervalMs: number;
  /** How many polls may run at the same time. */
  readonly concurrency: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** 0 <= random() < 1; deterministic in tests. */
  readonly random?: () => number;
  readonly onPoll?: (result: PollResult) => void;
}

export type PollResult = "reported" | "failed" | "foreign";

export interface Collector {
  /** Starts no further poll, and resolves when the running ones have finished. */
  stop(): Promise<void>;
}

/** Without a first report soon, the autoscaler would count a new pod as idle. */
const firstPollWithinMs = 2_000;

export function startCollector(options: CollectorOptions): Collector {
  const { pods, owned, source, window, intervalMs, concurrency, clock, log, random = Math.random, onPoll } = options;
  const queue = new WorkQueue(clock);
  const running = new Set<Promise<void>>();

  function pump(): void {
    while (running.size < concurrency) {
      const work = queue.take();
      if (work === undefined) return;
      const poll = pollDue(work.key).finally(() => {
        running.delete(poll);
        queue.done(work.key);
        pump();
      });
      running.add(poll);
    }
  }

  async function pollDue(key: ObjectKey): Promise<void> {
    const pod = pods.get(key);
    if (pod === undefined || !isPolled(pod)) return;
    // Before the poll: the next one is due one interval after the start of this one.
    queue.add(key, "resync", intervalMs * (0.95 + random() / 10));
    const result = await poll(pod);
    onPoll?.(result);
  }

  async function poll(pod: PodView & { readonly ip: string }): Promise<PollResult> {
    const isOurs = owned(pod);
    if (isOurs === undefined) return "failed";
    if (!isOurs) {
      window.reject(pod.uid);
      log.debug(
        { pod: pod.name, namespace: pod.namespace },
        "not polled: the pod has the labels of a service but is not controlled by its Deployment",
      );
      return "foreign";
    }
    window.begin(pod, clock.now());
    const answer = await source.fetch(pod.ip);
    if ("problem" in answer) {
      window.fail(pod.uid, answer.problem, clock.now());
      return "failed";
    }
    window.report(pod.uid, answer, clock.now());
    return "reported";
  }

  function observe(change: StoreChange<PodView | undefined>): void {
    const [before, now] = [previousOf(change), currentOf(change)];
    if (before !== undefined && (now?.uid !== before.uid || !isPolled(now))) window.forget(before.uid);
    if (now === undefined || !isPolled(now)) return;
    if (before !== undefined && before.uid === now.uid && isPolled(before)) return;
    // The list contains all pods of the cluster at once.
    queue.add(change.key, "create", random() * (change.origin === "list" ? intervalMs : firstPollWithinMs));
  }

  queue.onReady(pump);
  pods.subscribe(observe);
  for (const pod of pods.values()) {
    if (pod !== undefined && isPolled(pod)) queue.add(`${pod.namespace}/${pod.name}`, "create", random() * intervalMs);
  }
  return {
    async stop() {
      queue.close();
      await Promise.all(running);
    },
  };
}
