/** Alerts of a service. Each has a section in docs/alerts.md, to which its runbook link leads. */
import { durationMs, quantityValue } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { containerName } from "../observe/names.ts";
import { podPattern, processorSelector, recordedSelector } from "./promql.ts";
import { recorded } from "./recording-rules.ts";
import { busyAbove, idlePercent } from "./skew-limits.ts";

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** An alert without the labels and links that all alerts share. */
interface Alert {
  readonly name: string;
  /** critical: a GPU is broken; warning: users are affected or soon will be; info: GPUs are paid for and idle. */
  readonly severity: "critical" | "warning" | "info";
  readonly expr: string;
  /** How long it must hold: longer than the autoscaler needs to resolve it. */
  readonly holds: string;
  readonly summary: string;
  readonly description: string;
}

/** Above this, another batch may not fit; the guide names no number. */
const gpuMemoryPercent = 90;
/** Below the 87 °C at which data-centre GPUs throttle (`nvidia-smi -q -d TEMPERATURE`); the guide names no number. */
const gpuTemperatureCelsius = 85;
/** More than a burst, which admission control is meant to reject. */
const rejectionPercent = 1;

/** Bits of HW slowdown, SW and HW thermal slowdown, and power brake. A power cap (4) is normal under load. */
const throttleBits = [8, 32, 64, 128];

export function processorAlerts(service: EffectiveService, runbookUrl: string): readonly AlertRule[] {
  const of = recordedSelector(service);
  const replicas = `kube_deployment_status_replicas_available{namespace="${service.namespace}",deployment="${service.name}"}`;
  const reporting = `count by (namespace) (concurrent_gpu_operations{${processorSelector(service)}})`;
  const busy = `gpumedia_busy_percent{${processorSelector(service)}}`;
  return render(service, runbookUrl, [
    {
      name: "GpuMediaLatencyHigh",
      severity: "warning",
      expr: `${recorded.processingP95}{${of}} > ${durationMs(service.slo.latencyP95) / 1000}`,
      holds: "10m",
      summary: `The p95 of the processing time is above ${service.slo.latencyP95}`,
      description: `p95: {{ $value | humanizeDuration }}, target ${service.slo.latencyP95}.`,
    },
    {
      name: "GpuMediaRequestsRejected",
      severity: "warning",
      expr: `100 * ${recorded.rejectionRatio}{${of}} > ${rejectionPercent}`,
      holds: "5m",
      summary: "Requests are rejected because the queue is full",
      description: '{{ $value | printf "%.1f" }} % of the requests were answered with 503.',
    },
    {
      name: "GpuMediaLoadSkewed",
      severity: "warning",
      expr: `max(${busy}) > ${busyAbove(service.slo.gpuUtilization.max)} and min(${busy}) < ${idlePercent}`,
      holds: "15m",
      summary: "One pod is busy while another idles",
      description: `The busiest pod: {{ $value | printf "%.0f" }} %, another one below ${idlePercent} %.`,
    },
    {
      name: "GpuMediaMetricsMissing",
      severity: "warning",
      expr: `(${replicas} > 0) unless on (namespace) ${reporting}`,
      holds: "10m",
      summary: "Prometheus receives no metrics from the processor",
      description: "{{ $value }} replicas are available, and none is scraped.",
    },
  ]);
}

export function gpuMetricsAlerts(service: EffectiveService, runbookUrl: string): readonly AlertRule[] {
  const of = recordedSelector(service);
  const { min, max } = service.slo.gpuUtilization;
  const xid = `${recorded.gpuLastXid}{${of}}`;
  const reasons = `${recorded.gpuClockReasons}{${of}}`;
  const trouble = throttleBits.map((bit) => `floor(${reasons} / ${bit}) % 2`).join(" + ");
  const reporting = `count by (namespace) (concurrent_gpu_operations{${processorSelector(service)}})`;
  return render(service, runbookUrl, [
    {
      name: "GpuMediaGpuSaturated",
      severity: "warning",
      expr: `avg(${recorded.gpuUtilization}{${of}}) > ${max}`,
      holds: "30m",
      summary: `GPU utilization is above ${max} %`,
      description: `Average GPU utilization: {{ $value | printf "%.0f" }} %, target ${min} to ${max} %.`,
    },
    {
      name: "GpuMediaGpuUnderused",
      severity: "info",
      expr: `avg(${recorded.gpuUtilization}{${of}}) < ${min}`,
      holds: "6h",
      summary: `GPU utilization is below ${min} %`,
      description: `Average GPU utilization: {{ $value | printf "%.0f" }} %, target ${min} to ${max} %.`,
    },
    {
      name: "GpuMediaGpuMemoryHigh",
      severity: "warning",
      expr: `${recorded.gpuMemoryUsed}{${of}} > ${gpuMemoryPercent}`,
      holds: "10m",
      summary: `More than ${gpuMemoryPercent} % of a GPU's memory is in use`,
      description: 'GPU {{ $labels.gpu }} of pod {{ $labels.pod }}: {{ $value | printf "%.0f" }} %.',
    },
    {
      name: "GpuMediaGpuHot",
      severity: "warning",
      expr: `${recorded.gpuTemperature}{${of}} >= ${gpuTemperatureCelsius}`,
      holds: "5m",
      summary: `A GPU is at ${gpuTemperatureCelsius} °C or more`,
      description: "GPU {{ $labels.gpu }} of pod {{ $labels.pod }}: {{ $value }} °C.",
    },
    {
      name: "GpuMediaGpuXidError",
      severity: "critical",
      // The metric keeps its last value until the driver is reloaded, so only a new value counts.
      expr: `${xid} > 0 unless ${xid} == ${xid} offset 1h`,
      holds: "0s",
      summary: "The GPU driver reported an XID error",
      description: "GPU {{ $labels.gpu }} of pod {{ $labels.pod }}: XID {{ $value }}.",
    },
    {
      name: "GpuMediaGpuThrottled",
      severity: "warning",
      expr: `${trouble} > 0`,
      holds: "10m",
      summary: "A GPU is throttled because of heat or power",
      description: "GPU {{ $labels.gpu }} of pod {{ $labels.pod }}: {{ $value }} throttle reasons.",
    },
    {
      name: "GpuMediaGpuMetricsMissing",
      severity: "warning",
      expr: `${reporting} unless on (namespace) ${recorded.gpuUtilization}{${of}}`,
      holds: "15m",
      summary: "Prometheus receives no GPU metrics for the service",
      description: "{{ $value }} pods run, and no exporter reports their GPUs.",
    },
  ]);
}

export function gpuAlerts(service: EffectiveService, runbookUrl: string): readonly AlertRule[] {
  const waiting = `kube_pod_status_unschedulable{namespace="${service.namespace}",pod=~"${podPattern(service)}"}`;
  return render(service, runbookUrl, [
    {
      name: "GpuMediaPodsWaitForGpu",
      severity: "warning",
      expr: `sum(${waiting}) > 0`,
      holds: "5m",
      summary: `Pods wait for a node with free ${service.gpu.resourceName}`,
      description: "{{ $value }} pods are unschedulable.",
    },
  ]);
}

export function autoscalerAlerts(
  service: EffectiveService,
  autoscaler: string,
  runbookUrl: string,
): readonly AlertRule[] {
  const of = `namespace="${service.namespace}",horizontalpodautoscaler="${autoscaler}"`;
  const desired = `kube_horizontalpodautoscaler_status_desired_replicas{${of}}`;
  const maximum = `kube_horizontalpodautoscaler_spec_max_replicas{${of}}`;
  return render(service, runbookUrl, [
    {
      name: "GpuMediaAutoscalerAtMaximum",
      severity: "warning",
      expr: `${desired} >= ${maximum}`,
      holds: "15m",
      summary: "The autoscaler has reached its maximum",
      description: "Desired replicas: {{ $value }}, the maximum.",
    },
  ]);
}

export function memoryAlerts(service: EffectiveService, runbookUrl: string): readonly AlertRule[] {
  const used = `container_memory_working_set_bytes{${processorSelector(service)},container="${containerName}"}`;
  return render(service, runbookUrl, [
    {
      name: "GpuMediaMemoryHigh",
      severity: "warning",
      expr: `max by (pod) (${used}) > ${quantityValue(service.slo.memory)}`,
      holds: "15m",
      summary: `A pod uses more than ${service.slo.memory} of memory`,
      description: `Pod {{ $labels.pod }}: {{ $value | humanize1024 }}B, target ${service.slo.memory}.`,
    },
  ]);
}

function render(service: EffectiveService, runbookUrl: string, alerts: readonly Alert[]): readonly AlertRule[] {
  return alerts.map(({ name, severity, expr, holds, summary, description }) => ({
    alert: name,
    expr,
    for: holds,
    labels: { severity, namespace: service.namespace, service: service.name },
    annotations: {
      summary: `${service.namespace}/${service.name}: ${summary}`,
      description,
      runbook_url: `${runbookUrl}#${name.toLowerCase()}`,
    },
  }));
}
