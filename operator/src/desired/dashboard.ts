/** ConfigMap `<service>-dashboard`: a Grafana dashboard, found by Grafana's sidecar by its label. */
import { durationMs, quantityValue } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import type { Manifest } from "../kube/object.ts";
import { child, withLabels } from "./child.ts";
import { containerName } from "../observe/names.ts";
import { gpuMemoryUsed, gpuPowerUsage, gpuTemperature, gpuUtilization } from "./gpu-queries.ts";
import { dashboardJson, type Panel } from "./grafana.ts";
import { processorSelector } from "./promql.ts";

export function dashboard(service: EffectiveService): Manifest | null {
  const { dashboard: enabled, dashboardLabels } = service.monitoring;
  if (!enabled) return null;
  const { namespace, name } = service;
  const json = dashboardJson({
    uid: `gpumedia-${digest(`${namespace}/${name}`)}`,
    title: `GPU media: ${namespace}/${name}`,
    tags: ["gpumedia"],
    panels: [
      ...requestPanels(service),
      ...replicaPanels(service),
      ...(service.gpu.count > 0 ? gpuPanels(service) : []),
    ],
  });
  // A sidecar writes all dashboards into one folder, so the file name includes the namespace.
  const manifest = child(service, "dashboard", {
    data: { [`${namespace}-${name}.json`]: json },
  });
  return withLabels(manifest, dashboardLabels);
}

function requestPanels(service: EffectiveService): readonly Panel[] {
  const of = processorSelector(service);
  const target = durationMs(service.slo.latencyP95) / 1000;
  const quantile = (q: number) =>
    `histogram_quantile(${q}, sum by (le) (rate(gpu_processing_seconds_bucket{${of}}[$__rate_interval])))`;
  return [
    {
      title: "Processing time",
      description: `Time per request. Target: p95 of at most ${service.slo.latencyP95}.`,
      unit: "s",
      series: [
        { expr: quantile(0.5), legend: "p50" },
        { expr: quantile(0.95), legend: "p95" },
        { expr: quantile(0.99), legend: "p99" },
      ],
      thresholds: [
        { value: null, color: "transparent" },
        { value: target, color: "red" },
      ],
    },
    {
      title: "Requests",
      description: "Requests per second by outcome.",
      unit: "reqps",
      series: [
        { expr: `sum by (outcome) (rate(gpumedia_requests_total{${of}}[$__rate_interval]))`, legend: "{{outcome}}" },
      ],
    },
    {
      title: "Load",
      description: "Queued requests, requests in the model, and open streams.",
      unit: "short",
      series: [
        { expr: `sum(gpumedia_queue_depth{${of}})`, legend: "queued" },
        { expr: `sum(concurrent_gpu_operations{${of}})`, legend: "in the model" },
        { expr: `sum(gpumedia_sessions{${of}})`, legend: "streams" },
      ],
    },
  ];
}

function replicaPanels(service: EffectiveService): readonly Panel[] {
  const deployment = `namespace="${service.namespace}",deployment="${service.name}"`;
  const container = `${processorSelector(service)},container="${containerName}"`;
  return [
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
      description: `Memory per pod. Target: less than ${service.slo.memory}.`,
      unit: "bytes",
      series: [{ expr: `max by (pod) (container_memory_working_set_bytes{${container}})`, legend: "{{pod}}" }],
      thresholds: [
        { value: null, color: "transparent" },
        { value: quantityValue(service.slo.memory), color: "red" },
      ],
    },
    {
      title: "CPU",
      description: "CPU cores per pod.",
      unit: "short",
      series: [
        {
          expr: `sum by (pod) (rate(container_cpu_usage_seconds_total{${container}}[$__rate_interval]))`,
          legend: "{{pod}}",
        },
      ],
    },
  ];
}

/** The guide's four queries (section GPU Metrics), not the recorded series: a service without alerts has none. */
function gpuPanels(service: EffectiveService): readonly Panel[] {
  const { min, max } = service.slo.gpuUtilization;
  const perGpu = (title: string, description: string, unit: string, expr: string): Panel => ({
    title,
    description,
    unit,
    series: [{ expr, legend: "{{pod}} GPU {{gpu}} {{GPU_I_ID}}" }],
  });
  return [
    {
      ...perGpu(
        "GPU utilization",
        `Time in which the GPU was busy. Target: ${min} to ${max} %.`,
        "percent",
        gpuUtilization(service),
      ),
      thresholds: [
        { value: null, color: "transparent" },
        { value: min, color: "green" },
        { value: max, color: "red" },
      ],
    },
    perGpu("GPU memory", "Share of the GPU's memory in use.", "percent", gpuMemoryUsed(service)),
    perGpu("GPU temperature", "Temperature per GPU.", "celsius", gpuTemperature(service)),
    perGpu("GPU power", "Power draw per GPU.", "watt", gpuPowerUsage(service)),
  ];
}
