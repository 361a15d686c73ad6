/** Collects the reports of the pods, and requeues a service when they change its status or its deletion costs. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";
import { httpPort } from "../desired/container.ts";
import { digest } from "../kube/digest.ts";
import type { ObjectKey } from "../kube/object.ts";
import type { ClusterCache } from "../observe/cluster-cache.ts";
import { every, timestamp, type Clock } from "../runtime/clock.ts";
import type { Logger } from "../runtime/log.ts";
import type { UtilizationMetrics } from "../runtime/metrics-utilization.ts";
import { utilizationStatus, writtenUtilization } from "../status/utilization.ts";
import { startCollector, type CollectorOptions } from "../utilization/collector.ts";
import { createReportSource } from "../utilization/fetch-report.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import { UtilizationWindow } from "../utilization/window.ts";
import { dueDeletionCosts } from "./deletion-costs.ts";
import { dueDisruptions } from "./disruption.ts";
import type { Memory, ServiceMemory } from "./memory.ts";
import type { SnapshotSource } from "./snapshot.ts";
import { utilizationReading } from "./status-input.ts";

export interface UtilizationWatchOptions {
  readonly cache: Pick<CollectorOptions, "pods"> & Pick<ClusterCache, "isControlled">;
  readonly snapshots: Pick<SnapshotSource, "gather">;
  readonly memory: Memory;
  readonly window: UtilizationWindow;
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: UtilizationMetrics;
  readonly requeue: (service: ObjectKey) => void;
}

/** Each poll is a connection, and one to a pod that does not answer lasts for the timeout. */
const pollsAtOnce = 64;
const timeoutMs = 3_000;
const checkEveryMs = 1_000;

/** One poll may fail, and the next one may be slow. */
export function createUtilizationWindow(intervalMs: number): UtilizationWindow {
  return new UtilizationWindow(2 * intervalMs + 2 * timeoutMs);
}

/** Starts; the returned function stops. */
export function startUtilizationWatch(options: UtilizationWatchOptions): () => Promise<void> {
  const { cache, memory, window, intervalMs, clock, log, metrics, requeue } = options;
  metrics.pods(() => window.size);
  const source = createReportSource({ timeoutMs, port: httpPort });
  const collector = startCollector({
    pods: cache.pods,
    owned: (pod) => cache.isControlled(pod),
    source,
    window,
    intervalMs,
    concurrency: pollsAtOnce,
    clock,
    log,
    onPoll: metrics.polled,
  });
  const keys = rounds(memory);
  const cancel = every(clock, checkEveryMs, () => {
    // Only a part of the services each time: a thousand at once would block the event loop.
    for (let part = Math.ceil((memory.size * checkEveryMs) / intervalMs); part > 0; part--) {
      const { value: key } = keys.next();
      if (key !== undefined && hasNews(key, options)) requeue(key);
    }
  });
  return async () => {
    cancel();
    await Promise.all([collector.stop(), source.close()]);
  };
}

/** The services that have been reconciled, over and over. */
function* rounds(memory: Memory): Generator<ObjectKey, undefined> {
  while (memory.size > 0) yield* memory.keys();
}

/** Once more when the operator has warmed up, and the GPU that a predecessor has reported works again. */
function lostGpusChanged(
  { lost, warmingUp }: UtilizationReading,
  { reportedLost }: ServiceMemory,
  before: GpuMediaServiceStatus | undefined,
): boolean {
  const isDegraded = before?.conditions?.some(({ type, reason }) => type === "Ready" && reason === "Degraded") === true;
  if (lost.length === 0 && (!isDegraded || warmingUp)) return false;
  return reportedLost !== digest(lost);
}

function hasNews(key: ObjectKey, { snapshots, memory, clock, intervalMs }: UtilizationWatchOptions): boolean {
  const [snapshot, record] = [snapshots.gather(key), memory.find(key)];
  if (snapshot === undefined || record?.service === undefined) return false;
  const { service } = record;
  const before = snapshot.stored.status;
  const now = clock.now();
  const reading = utilizationReading(snapshot, record, memory, now);
  const after = utilizationStatus({ service, reading, before, now: timestamp(clock.wall()) });
  if (digest(writtenUtilization(before)) !== digest(after)) return true;
  if (lostGpusChanged(reading, record, before)) return true;
  const pods = { service, snapshot, record, now, intervalMs };
  return dueDeletionCosts(pods).length > 0 || dueDisruptions(pods).length > 0;
}
