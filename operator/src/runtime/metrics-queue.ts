/** The metrics of a work queue, under client-go's names. Gauges and the count of adds are read at each scrape. */
import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { priorities, type WorkQueue } from "./queue.ts";

export interface QueueMetrics {
  /** A key was taken from the queue `waitedMs` after it became due. */
  readonly taken: (waitedMs: number) => void;
  readonly worked: (durationMs: number) => void;
  /** A key was requeued because its reconcile failed or met a conflict. */
  readonly retried: () => void;
}

/** client-go's, from 10 ns to 1,000 s. */
const buckets = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1, 10, 100, 1000];

/** Registers the metrics. Returns a function that adds a queue, with every series at 0. */
export function queueMetrics(registry: Registry): (controller: string, queue: WorkQueue) => QueueMetrics {
  const queues = new Map<string, WorkQueue>();
  const shared = { labelNames: ["name", "controller"] as const, registers: [registry] };

  function gauge(name: string, help: string, read: (queue: WorkQueue) => number): void {
    const metric = new Gauge({
      ...shared,
      name,
      help,
      collect: () => queues.forEach((queue, controller) => metric.set(labelsOf(controller), read(queue))),
    });
  }
  gauge(
    "workqueue_unfinished_work_seconds",
    "Sum of the seconds that the reconciles in progress have taken so far",
    (queue) => runningSeconds(queue).reduce((sum, seconds) => sum + seconds, 0),
  );
  gauge(
    "workqueue_longest_running_processor_seconds",
    "Seconds that the longest reconcile in progress has taken so far",
    (queue) => Math.max(0, ...runningSeconds(queue)),
  );
  const depth = new Gauge({
    name: "workqueue_depth",
    help: "Number of keys that are due and wait in the queue, by priority",
    labelNames: ["name", "controller", "priority"],
    registers: [registry],
    collect() {
      for (const [controller, queue] of queues) {
        for (const priority of priorities) depth.set({ ...labelsOf(controller), priority }, queue.depth(priority));
      }
    },
  });
  const adds = new Counter({
    ...shared,
    name: "workqueue_adds_total",
    help: "Number of times a key became due",
    collect() {
      adds.reset();
      for (const [controller, queue] of queues) adds.inc(labelsOf(controller), queue.adds);
    },
  });
  const waited = new Histogram({
    ...shared,
    buckets,
    name: "workqueue_queue_duration_seconds",
    help: "Seconds between a key becoming due and its reconcile",
  });
  const worked = new Histogram({
    ...shared,
    buckets,
    name: "workqueue_work_duration_seconds",
    help: "Duration of a reconcile in seconds",
  });
  const retries = new Counter({
    ...shared,
    name: "workqueue_retries_total",
    help: "Number of reconciles that are retried because they failed or met a conflict",
  });

  return (controller, queue) => {
    const labels = labelsOf(controller);
    queues.set(controller, queue);
    waited.zero(labels);
    worked.zero(labels);
    retries.inc(labels, 0);
    return {
      taken: (waitedMs) => waited.observe(labels, waitedMs / 1000),
      worked: (durationMs) => worked.observe(labels, durationMs / 1000),
      retried: () => retries.inc(labels),
    };
  };
}

function labelsOf(controller: string): { name: string; controller: string } {
  return { name: controller, controller };
}

function runningSeconds(queue: WorkQueue): readonly number[] {
  return queue.running().map(({ forMs }) => forMs / 1000);
}
