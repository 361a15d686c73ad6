/**
 * The operator's Prometheus metrics. Names, labels and buckets are those of controller-runtime and client-go, so that
 * existing dashboards and alerts work unchanged.
 *
 * @see https://book.kubebuilder.io/reference/metrics-reference
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { queueMetrics } from "./metrics-queue.ts";
import { utilizationMetrics, type UtilizationMetrics } from "./metrics-utilization.ts";
import type { WorkQueue } from "./queue.ts";

/** controller-runtime's names for the outcome of a reconcile. */
const reconcileResults = ["success", "requeue_after", "requeue", "error"] as const;
export type ReconcileResult = (typeof reconcileResults)[number];

/** The metrics that the workers of one controller report. */
export interface ControllerMetrics {
  /** A key was taken from the queue `waitedMs` after it became due. */
  readonly taken: (waitedMs: number) => void;
  readonly reconciled: (result: ReconcileResult, durationMs: number) => void;
  /** A reconcile threw, which is a bug. */
  readonly panicked: () => void;
}

export interface Metrics {
  readonly registry: Registry;
  /** Adds a controller with every series at 0, so that a rate includes the first event. */
  controller(name: string, queue: WorkQueue, concurrency: number): ControllerMetrics;
  /** Counts the requests to one API server; status 0 is a request without a response. */
  restClient(host: string): (request: { readonly method: string; readonly status: number }) => void;
  leaderElection(leaseName: string, isLeader: () => boolean): void;
  readonly utilization: UtilizationMetrics;
}

/** controller-runtime's. */
const reconcileSeconds = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.25, 1.5, 1.75, 2,
  2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30, 40, 50, 60,
];

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Number of requests to the API server, by status code, method and host",
    labelNames: ["code", "method", "host"],
    registers,
  });
  const leases = new Map<string, () => boolean>();
  const master = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this process is the leader, 0 while it is a standby",
    labelNames: ["name"],
    registers,
    collect: () => leases.forEach((isLeader, name) => master.set({ name }, isLeader() ? 1 : 0)),
  });

  return {
    registry,
    controller: controllerMetrics(registry),
    restClient(host) {
      return ({ method, status }) => requests.inc({ code: status === 0 ? "<error>" : String(status), method, host });
    },
    leaderElection: (leaseName, isLeader) => leases.set(leaseName, isLeader),
    utilization: utilizationMetrics(registry),
  };
}

function controllerMetrics(registry: Registry): Metrics["controller"] {
  const queues = new Map<string, WorkQueue>();
  const watchQueue = queueMetrics(registry);
  const perController = { labelNames: ["controller"] as const, registers: [registry] };
  const total = new Counter({
    name: "controller_runtime_reconcile_total",
    help: "Number of reconciles, by result",
    labelNames: ["controller", "result"],
    registers: [registry],
  });
  const errors = new Counter({
    ...perController,
    name: "controller_runtime_reconcile_errors_total",
    help: "Number of reconciles that failed",
  });
  const panics = new Counter({
    ...perController,
    name: "controller_runtime_reconcile_panics_total",
    help: "Number of reconciles that threw, each of which is a bug in the operator",
  });
  const seconds = new Histogram({
    ...perController,
    name: "controller_runtime_reconcile_time_seconds",
    help: "Duration of a reconcile in seconds",
    buckets: reconcileSeconds,
  });
  const most = new Gauge({
    ...perController,
    name: "controller_runtime_max_concurrent_reconciles",
    help: "Maximum number of concurrent reconciles",
  });
  const active = new Gauge({
    ...perController,
    name: "controller_runtime_active_workers",
    help: "Number of reconciles in progress",
    collect: () => queues.forEach((queue, controller) => active.set({ controller }, queue.running().length)),
  });

  return (controller, queue, concurrency) => {
    const { taken, worked, retried } = watchQueue(controller, queue);
    queues.set(controller, queue);
    most.set({ controller }, concurrency);
    for (const result of reconcileResults) total.inc({ controller, result }, 0);
    errors.inc({ controller }, 0);
    panics.inc({ controller }, 0);
    seconds.zero({ controller });
    return {
      taken,
      reconciled(result, durationMs) {
        total.inc({ controller, result });
        seconds.observe({ controller }, durationMs / 1000);
        worked(durationMs);
        if (result === "error") errors.inc({ controller });
        if (result === "error" || result === "requeue") retried();
      },
      panicked: () => panics.inc({ controller }),
    };
  };
}
