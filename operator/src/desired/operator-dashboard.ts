/** The operator's own Grafana dashboard: whether it keeps up, and where its time goes. */
import { dashboardJson, type Panel } from "./grafana.ts";

/** Names and labels are controller-runtime's, so the dashboard fits other operators, too; `$job` selects ours. */
const of = 'job=~"$job"';
const rate = (metric: string, by: string): string => `sum by (${by}) (rate(${metric}{${of}}[$__rate_interval]))`;
const quantile = (metric: string): string =>
  `histogram_quantile(0.99, sum by (le, controller) (rate(${metric}_bucket{${of}}[$__rate_interval])))`;

const panels: readonly Panel[] = [
  {
    title: "Reconciles",
    description: "Reconciles per second by result.",
    unit: "reqps",
    series: [
      { expr: rate("controller_runtime_reconcile_total", "controller, result"), legend: "{{controller}} {{result}}" },
    ],
  },
  {
    title: "Reconcile time",
    description: "p99 of the time of a reconcile.",
    unit: "s",
    series: [{ expr: quantile("controller_runtime_reconcile_time_seconds"), legend: "{{controller}}" }],
  },
  {
    title: "Errors",
    description: "Failed reconciles per second.",
    unit: "reqps",
    series: [{ expr: rate("controller_runtime_reconcile_errors_total", "controller"), legend: "{{controller}}" }],
  },
  {
    title: "Queue depth",
    description: "Keys in the work queue.",
    unit: "short",
    series: [{ expr: `sum by (name) (workqueue_depth{${of}})`, legend: "{{name}}" }],
  },
  {
    title: "Queue time",
    description: "p99 of the time in the work queue.",
    unit: "s",
    series: [
      {
        expr: `histogram_quantile(0.99, sum by (le, name) (rate(workqueue_queue_duration_seconds_bucket{${of}}[$__rate_interval])))`,
        legend: "{{name}}",
      },
    ],
  },
  {
    title: "API server requests",
    description: "Requests per second by method and status code.",
    unit: "reqps",
    series: [{ expr: rate("rest_client_requests_total", "method, code"), legend: "{{method}} {{code}}" }],
  },
  {
    title: "Leader",
    description: "1 for the leader.",
    unit: "short",
    series: [{ expr: `max by (pod) (leader_election_master_status{${of}})`, legend: "{{pod}}" }],
  },
  {
    title: "Memory",
    description: "Resident memory per instance.",
    unit: "bytes",
    series: [{ expr: `max by (pod) (process_resident_memory_bytes{${of}})`, legend: "{{pod}}" }],
  },
  {
    title: "Event loop lag",
    description: "p99 of the event loop's delay, which everything else waits for.",
    unit: "s",
    series: [{ expr: `max by (pod) (nodejs_eventloop_lag_p99_seconds{${of}})`, legend: "{{pod}}" }],
  },
];

/** Returns the JSON, which the installation puts into a ConfigMap for Grafana's sidecar. */
export function operatorDashboard(): string {
  return dashboardJson({
    uid: "gpumedia-operator",
    title: "GPU media: operator",
    tags: ["gpumedia"],
    panels,
    variables: [
      {
        name: "job",
        label: "Job",
        query: "label_values(controller_runtime_reconcile_total, job)",
        includeAll: true,
      },
    ],
  });
}
