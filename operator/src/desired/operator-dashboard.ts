/** The operator's own Grafana dashboard: is it keeping up, and with what does it spend its time? */
import { dashboardJson, type Panel } from "./grafana.ts";

/** Names and labels are controller-runtime's, so it also shows other operators; ours by the job that scrapes it. */
const of = 'job=~"$job"';
const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}{${of}}[$__rate_interval]))`;
const quantile = (metric: string): string =>
  `histogram_quantile(0.99, sum by (le, controller) (rate(${metric}_bucket{${of}}[$__rate_interval])))`;

const panels: readonly Panel[] = [
  {
    title: "Visits",
    description: "Reconciles per second, by how they ended.",
    unit: "reqps",
    series: [
      { expr: rate("controller_runtime_reconcile_total", "controller, result"), legend: "{{controller}} {{result}}" },
    ],
  },
  {
    title: "Time of a visit",
    description: "p99.",
    unit: "s",
    series: [{ expr: quantile("controller_runtime_reconcile_time_seconds"), legend: "{{controller}}" }],
  },
  {
    title: "Errors",
    description: "Visits per second that failed.",
    unit: "reqps",
    series: [{ expr: rate("controller_runtime_reconcile_errors_total", "controller"), legend: "{{controller}}" }],
  },
  {
    title: "Waiting",
    description: "Services in the work queue.",
    unit: "short",
    series: [{ expr: `sum by (name) (workqueue_depth{${of}})`, legend: "{{name}}" }],
  },
  {
    title: "Time in the queue",
    description: "p99.",
    unit: "s",
    series: [
      {
        expr: `histogram_quantile(0.99, sum by (le, name) (rate(workqueue_queue_duration_seconds_bucket{${of}}[$__rate_interval])))`,
        legend: "{{name}}",
      },
    ],
  },
  {
    title: "Requests to the API server",
    description: "Per second, by method and answer.",
    unit: "reqps",
    series: [{ expr: rate("rest_client_requests_total", "method, code"), legend: "{{method}} {{code}}" }],
  },
  {
    title: "Leader",
    description: "1 for the instance that leads.",
    unit: "short",
    series: [{ expr: `max by (pod) (leader_election_master_status{${of}})`, legend: "{{pod}}" }],
  },
  {
    title: "Memory",
    description: "Resident, per instance.",
    unit: "bytes",
    series: [{ expr: `max by (pod) (process_resident_memory_bytes{${of}})`, legend: "{{pod}}" }],
  },
  {
    title: "Event loop",
    description: "p99 of its delay: what everything else waits for.",
    unit: "s",
    series: [{ expr: `max by (pod) (nodejs_eventloop_lag_p99_seconds{${of}})`, legend: "{{pod}}" }],
  },
];

/** The JSON; whoever installs the operator puts it into a ConfigMap for Grafana's sidecar. */
export function operatorDashboard(): string {
  return dashboardJson({
    uid: "gpumedia-operator",
    title: "GPU media: operator",
    tags: ["gpumedia"],
    panels,
    jobVariable: true,
  });
}
