/** ConfigMap with the Grafana dashboard that services share, found by Grafana's sidecar by its label. */
import { digest } from "../kube/digest.ts";
import type { Manifest } from "../kube/object.ts";
import { containerName, sharedDashboardName } from "../observe/names.ts";
import { gpuMemoryUsed, gpuPowerUsage, gpuTemperature, gpuUtilization } from "./gpu-queries.ts";
import { dashboardJson, type Panel, type Series, type Variable } from "./grafana.ts";
import { ofPods } from "./promql.ts";
import { placeKey, type SharedPlace } from "./rule-set.ts";
import { sharedObject } from "./shared-object.ts";

/** Not the recorded series: a service without alerts has none. */
export function sharedDashboard(place: SharedPlace): Manifest {
  const { namespace, name, only } = place;
  const isUsual = only === undefined && name === sharedDashboardName;
  // A sidecar writes all dashboards into one folder, and Grafana keeps one for each uid.
  const uid = isUsual ? "gpumedia-services" : `gpumedia-${digest(placeKey(place))}`;
  const json = dashboardJson({
    uid,
    title: only === undefined ? "GPU media: services" : `GPU media: services of ${namespace}`,
    tags: ["gpumedia"],
    variables: variables(only),
    panels: [...requestPanels, ...replicaPanels, ...livePanels, ...gpuPanels],
  });
  return sharedObject("v1", "ConfigMap", place, { data: { [`${uid}.json`]: json } });
}

/** From the series that pods export, so that a service is listed as long as there are series of it. */
function variables(only: string | undefined): readonly Variable[] {
  const within = only === undefined ? "" : `{namespace="${only}"}`;
  return [
    { name: "namespace", label: "Namespace", query: `label_values(gpumedia_slo_alerts${within}, namespace)` },
    {
      name: "service",
      label: "Service",
      query: 'label_values(gpumedia_slo_alerts{namespace="$namespace"}, service)',
    },
  ];
}

const ofService = 'namespace="$namespace",service="$service"';
/** The pods of the service; `group` because the value of the series is a switch. */
const pods = `group by (namespace, pod, service) (gpumedia_slo_alerts{${ofService}})`;
const inNamespace = 'namespace="$namespace"';

function target(metric: string, legend: string): Series {
  return { expr: `max(gpumedia_slo_${metric}{${ofService}})`, legend, isTarget: true };
}

const latency = (q: number): string => {
  const rate = `rate(gpu_processing_seconds_bucket{${inNamespace}}[$__rate_interval])`;
  return `histogram_quantile(${q}, sum by (le) (${ofPods(rate, pods)}))`;
};
const sum = (metric: string): string => `sum(${ofPods(`${metric}{${inNamespace}}`, pods)})`;

const requestPanels: readonly Panel[] = [
  {
    title: "Processing time",
    description: "Time per request, and the target of its p95.",
    unit: "s",
    series: [
      { expr: latency(0.5), legend: "p50" },
      { expr: latency(0.95), legend: "p95" },
      { expr: latency(0.99), legend: "p99" },
      target("latency_p95_seconds", "target"),
    ],
  },
  {
    title: "Requests",
    description: "Requests per second by outcome.",
    unit: "reqps",
    series: [
      {
        expr: `sum by (outcome) (${ofPods(`rate(gpumedia_requests_total{${inNamespace}}[$__rate_interval])`, pods)})`,
        legend: "{{outcome}}",
      },
    ],
  },
  {
    title: "Load",
    description: "Queued requests, requests in the model, and open streams.",
    unit: "short",
    series: [
      { expr: sum("gpumedia_queue_depth"), legend: "queued" },
      { expr: sum("concurrent_gpu_operations"), legend: "in the model" },
      { expr: sum("gpumedia_sessions"), legend: "streams" },
    ],
  },
];

const deployment = 'namespace="$namespace",deployment="$service"';
const container = `${inNamespace},container="${containerName}"`;
const replicaPanels: readonly Panel[] = [
  {
    title: "Replicas",
    description: "Desired and available replicas. Requires kube-state-metrics.",
    unit: "short",
    series: [
      { expr: `kube_deployment_spec_replicas{${deployment}}`, legend: "desired" },
      { expr: `kube_deployment_status_replicas_available{${deployment}}`, legend: "available" },
    ],
  },
  {
    title: "Memory",
    description: "Memory per pod, and the most that the target allows.",
    unit: "bytes",
    series: [
      {
        expr: `max by (pod) (${ofPods(`container_memory_working_set_bytes{${container}}`, pods)})`,
        legend: "{{pod}}",
      },
      target("memory_bytes", "target"),
    ],
  },
  {
    title: "CPU",
    description: "CPU cores per pod.",
    unit: "short",
    series: [
      {
        expr: `sum by (pod) (${ofPods(`rate(container_cpu_usage_seconds_total{${container}}[$__rate_interval])`, pods)})`,
        legend: "{{pod}}",
      },
    ],
  },
];

const frameLatency = (q: number): string => {
  const rate = `rate(gpumedia_live_frame_seconds_bucket{${inNamespace}}[$__rate_interval])`;
  return `histogram_quantile(${q}, sum by (le) (${ofPods(rate, pods)}))`;
};

/** Empty for services without live video. */
const livePanels: readonly Panel[] = [
  {
    title: "Live sessions",
    description: "Open sessions of live video, and how many all pods allow.",
    unit: "short",
    series: [
      { expr: `sum by (kind) (${ofPods(`gpumedia_live_sessions{${inNamespace}}`, pods)})`, legend: "{{kind}}" },
      { expr: sum("gpumedia_live_session_limit"), legend: "limit", isTarget: true },
    ],
  },
  {
    title: "Live frames",
    description: "Frames per second: received, sent to clients, and dropped because a pod was too slow.",
    unit: "fps",
    series: [
      {
        expr: `sum by (direction) (${ofPods(`rate(gpumedia_live_frames_total{${inNamespace}}[$__rate_interval])`, pods)})`,
        legend: "{{direction}}",
      },
    ],
  },
  {
    title: "Live frame latency",
    description: "Time of a frame in a pod, and the target of its p95.",
    unit: "s",
    series: [
      { expr: frameLatency(0.5), legend: "p50" },
      { expr: frameLatency(0.95), legend: "p95" },
      target("frame_latency_p95_seconds", "target"),
    ],
  },
];

const perGpu = (title: string, description: string, unit: string, expr: string, ...more: Series[]): Panel => ({
  title,
  description,
  unit,
  series: [{ expr, legend: "{{pod}} GPU {{gpu}} {{GPU_I_ID}}" }, ...more],
});

/** The guide's four queries (section GPU Metrics). */
const gpuPanels: readonly Panel[] = [
  perGpu(
    "GPU utilization",
    "Time in which the GPU was busy, and the target band.",
    "percent",
    gpuUtilization(pods),
    target("gpu_utilization_min_percent", "target, at least"),
    target("gpu_utilization_max_percent", "target, at most"),
  ),
  perGpu("GPU memory", "Share of the GPU's memory in use.", "percent", gpuMemoryUsed(pods)),
  perGpu("GPU temperature", "Temperature per GPU.", "celsius", gpuTemperature(pods)),
  perGpu("GPU power", "Power draw per GPU.", "watt", gpuPowerUsage(pods)),
];
