/** What the pods report, for the visits; and a visit for a service when that says something new. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { childKinds } from "../observe/child-kinds.ts";
import { httpPort } from "../desired/container.ts";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import type { ObjectKey } from "../kube/object.ts";
import { podsOf } from "../observe/gather.ts";
import type { PodView } from "../observe/pod-view.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import { every, type Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { UtilizationMetrics } from "../runtime/metrics-utilization.ts";
import { sayings, utilizationStatus } from "../status/utilization.ts";
import { startCollector } from "../utilization/collector.ts";
import { createReportSource } from "../utilization/fetch-report.ts";
import { readPods, type UtilizationReading } from "../utilization/reading.ts";
import { UtilizationWindow, windowMs } from "../utilization/window.ts";

export interface UtilizationWatchOptions {
  readonly cache: ClusterCache;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: UtilizationMetrics;
  /** Besides the status: is there something else to be done about the service? */
  readonly hasWork: (key: ObjectKey, service: EffectiveService, reading: UtilizationReading) => boolean;
  /** The service's status would say something new, or there is work. */
  readonly onNews: (service: ObjectKey) => void;
}

/** Beyond so many the rest waits: each is a connection, and those to pods that do not answer last for the timeout. */
const pollsAtOnce = 64;
const timeoutMs = 3_000;
/** How often a service's figures may be written while no condition changes. */
const writeEveryMs = 60_000;
const lookEveryMs = 1_000;

interface Subject {
  readonly service: EffectiveService;
  /** When this process last wrote the figures, on the monotonic clock; undefined: never. */
  readonly movedAt: number | undefined;
}

export class UtilizationWatch {
  readonly window: UtilizationWindow;
  readonly #options: UtilizationWatchOptions;
  readonly #startedAt: number;
  /** The services that have been visited, in the order in which they are looked at. */
  readonly #subjects = new Map<ObjectKey, Subject>();

  constructor(options: UtilizationWatchOptions) {
    this.#options = options;
    this.#startedAt = options.clock.now();
    // One poll may fail, and the next may take its time.
    this.window = new UtilizationWindow(2 * options.intervalMs + 2 * timeoutMs);
  }

  /** Asks pods and looks for news until the answer is called. */
  start(): () => Promise<void> {
    const { cache, intervalMs, clock, log, metrics } = this.#options;
    metrics.pods(() => this.window.size);
    const source = createReportSource({ timeoutMs, port: httpPort });
    const collector = startCollector({
      pods: cache.pods,
      owned: (pod) => this.#isOwned(pod),
      source,
      window: this.window,
      intervalMs,
      concurrency: pollsAtOnce,
      clock,
      log,
      onPoll: metrics.polled,
    });
    const cancel = every(clock, lookEveryMs, () => this.#lookForNews());
    return async () => {
      cancel();
      await Promise.all([collector.stop(), source.close()]);
    };
  }

  read(key: ObjectKey): UtilizationReading {
    const { cache, clock } = this.#options;
    const now = clock.now();
    const movedAt = this.#subjects.get(key)?.movedAt;
    return {
      ...readPods(podsOf(cache, key), this.window, now),
      warmingUp: movedAt === undefined && now - this.#startedAt < windowMs,
      mayMove: movedAt === undefined || now - movedAt >= writeEveryMs,
    };
  }

  /** A pass over the service ended with this status. */
  visited(
    key: ObjectKey,
    service: EffectiveService,
    before: GpuMediaServiceStatus | undefined,
    after: GpuMediaServiceStatus,
  ): void {
    const known = this.#subjects.get(key);
    const moved = digest(before?.utilization) !== digest(after.utilization) || before?.bottleneck !== after.bottleneck;
    const movedAt = moved ? this.#options.clock.now() : known?.movedAt;
    this.#subjects.set(key, { service, movedAt });
  }

  gone(key: ObjectKey): void {
    this.#subjects.delete(key);
  }

  /** A part of the services at a time, so that a thousand of them do not keep the event loop from its watches. */
  #lookForNews(): void {
    const { cache, intervalMs, hasWork, onNews } = this.#options;
    const part = Math.ceil((this.#subjects.size * lookEveryMs) / intervalMs);
    for (const [key, subject] of this.#subjects.entries().take(part)) {
      this.#subjects.delete(key);
      const stored = cache.services.get(key);
      if (stored === undefined) continue;
      this.#subjects.set(key, subject);
      const said = sayings(stored.status);
      const reading = this.read(key);
      const now = utilizationStatus({ service: subject.service, reading, before: stored.status });
      if (digest(said) !== digest(now) || hasWork(key, subject.service, reading)) onNews(key);
    }
  }

  #isOwned(pod: PodView): boolean | undefined {
    const { cache } = this.#options;
    if (!cache.replicaSets.synced) return undefined;
    if (pod.service === undefined || pod.replicaSet === undefined) return false;
    const deployment = cache.children(childKinds.deployment).get(pod.service);
    const owner = deployment?.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (deployment === undefined || owner?.uid !== cache.services.get(pod.service)?.metadata.uid) return false;
    const replicaSet = cache.replicaSets.get(`${pod.namespace}/${pod.replicaSet.name}`);
    return replicaSet?.uid === pod.replicaSet.uid && replicaSet.deployment === deployment.metadata.uid;
  }
}
