/** The alerts that services share. Each has a section in docs/alerts.md, to which its runbook link leads. */
import { containerName } from "../observe/names.ts";
import { ofPods } from "./promql.ts";
import { namespaceMatcher, recorded, recordedOf, type RuleScope } from "./recording-rules.ts";
import { idlePercent, mostBusyPercent } from "./skew-limits.ts";

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
  /** Its series have the labels `namespace` and `service`. */
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

/** Above the autoscaler's default target of 75 %, which keeps the share lower while it can add pods. */
const liveSessionsPercent = 90;

/** Bits of HW slowdown, SW and HW thermal slowdown, and power brake. A power cap (4) is normal under load. */
const throttleBits = [8, 32, 64, 128];

const byService = "on (namespace, service)";
const latencyTarget = target(recorded.targetLatency, "humanizeDuration");
const memoryTarget = target(recorded.targetMemory, "humanize1024");
const frameLatencyTarget = target(recorded.targetFrameLatency, "humanizeDuration");
const droppedFramesTarget = target(recorded.targetDroppedFrames, 'printf "%.0f"');
const gpuMin = target(recorded.targetGpuMin, 'printf "%.0f"');
const gpuMax = target(recorded.targetGpuMax, 'printf "%.0f"');

/** The target of the alert's service, in a text. */
function target(series: string, format: string): string {
  const query = `printf "${series}{namespace='%s',service='%s'}" $labels.namespace $labels.service | query`;
  return `{{ with ${query} }}{{ . | first | value | ${format} }}{{ end }}`;
}

export function processorAlerts(scope: RuleScope, runbookUrl: string): readonly AlertRule[] {
  const available = `sum by (namespace, deployment) (kube_deployment_status_replicas_available{${namespaceMatcher(scope)}}) > 0`;
  const busy = `by (namespace, service) (${ofPods("gpumedia_busy_percent", recordedOf(recorded.pods, scope))})`;
  return render(scope, runbookUrl, [
    {
      name: "GpuMediaLatencyHigh",
      severity: "warning",
      expr: `${recorded.processingP95} > ${byService} ${recorded.targetLatency}`,
      holds: "10m",
      summary: `The p95 of the processing time is above ${latencyTarget}`,
      description: `p95: {{ $value | humanizeDuration }}, target ${latencyTarget}.`,
    },
    {
      name: "GpuMediaRequestsRejected",
      severity: "warning",
      expr: `100 * ${recorded.rejectionRatio} > ${rejectionPercent}`,
      holds: "5m",
      summary: "Requests are rejected because the queue is full",
      description: '{{ $value | printf "%.1f" }} % of the requests were answered with 503.',
    },
    {
      name: "GpuMediaLoadSkewed",
      severity: "warning",
      // As `busyAbove`.
      expr: `max ${busy} > ${byService} clamp_max(${recorded.targetGpuMax}, ${mostBusyPercent}) and ${byService} (min ${busy} < ${idlePercent})`,
      holds: "15m",
      summary: "One pod is busy while another idles",
      description: `The busiest pod: {{ $value | printf "%.0f" }} %, another one below ${idlePercent} %.`,
    },
    {
      name: "GpuMediaMetricsMissing",
      severity: "warning",
      expr: `label_replace(${available}, "service", "$1", "deployment", "(.+)") unless ${byService} ${reporting(scope)}`,
      holds: "10m",
      summary: "Prometheus receives no metrics from the processor",
      description: "{{ $value }} replicas are available, and none is scraped.",
    },
  ]);
}

export function liveAlerts(scope: RuleScope, runbookUrl: string): readonly AlertRule[] {
  return render(scope, runbookUrl, [
    {
      name: "GpuMediaLiveFramesDropped",
      severity: "warning",
      expr: `${recorded.droppedFrames} > ${byService} ${recorded.targetDroppedFrames}`,
      holds: "10m",
      summary: `More than ${droppedFramesTarget} % of the frames of live video are dropped`,
      description: `The worst pod: {{ $value | printf "%.0f" }} %, target ${droppedFramesTarget} %.`,
    },
    {
      name: "GpuMediaLiveFrameLatencyHigh",
      severity: "warning",
      expr: `${recorded.frameP95} > ${byService} ${recorded.targetFrameLatency}`,
      holds: "10m",
      summary: `The p95 of a frame's latency is above ${frameLatencyTarget}`,
      description: `p95: {{ $value | humanizeDuration }}, target ${frameLatencyTarget}.`,
    },
    {
      name: "GpuMediaLiveSessionsNearLimit",
      severity: "warning",
      expr: `${recorded.liveSessions} > ${liveSessionsPercent}`,
      holds: "15m",
      summary: `More than ${liveSessionsPercent} % of the sessions of live video are open`,
      description: '{{ $value | printf "%.0f" }} % of live.limits.sessions of all pods.',
    },
  ]);
}

export function gpuMetricsAlerts(scope: RuleScope, runbookUrl: string): readonly AlertRule[] {
  const utilization = `avg by (namespace, service) (${recorded.gpuUtilization})`;
  const expected = `${recordedOf(recorded.gpuMetrics, scope)} == 1`;
  const trouble = throttleBits.map((bit) => `floor(${recorded.gpuClockReasons} / ${bit}) % 2`).join(" + ");
  const ofGpu = "GPU {{ $labels.gpu }} of pod {{ $labels.pod }}";
  const average = `Average GPU utilization: {{ $value | printf "%.0f" }} %, target ${gpuMin} to ${gpuMax} %.`;
  return render(scope, runbookUrl, [
    {
      name: "GpuMediaGpuSaturated",
      severity: "warning",
      expr: `${utilization} > ${byService} ${recorded.targetGpuMax}`,
      holds: "30m",
      summary: `GPU utilization is above ${gpuMax} %`,
      description: average,
    },
    {
      name: "GpuMediaGpuUnderused",
      severity: "info",
      expr: `${utilization} < ${byService} ${recorded.targetGpuMin}`,
      holds: "6h",
      summary: `GPU utilization is below ${gpuMin} %`,
      description: average,
    },
    {
      name: "GpuMediaGpuMemoryHigh",
      severity: "warning",
      expr: `${recorded.gpuMemoryUsed} > ${gpuMemoryPercent}`,
      holds: "10m",
      summary: `More than ${gpuMemoryPercent} % of a GPU's memory is in use`,
      description: `${ofGpu}: {{ $value | printf "%.0f" }} %.`,
    },
    {
      name: "GpuMediaGpuHot",
      severity: "warning",
      expr: `${recorded.gpuTemperature} >= ${gpuTemperatureCelsius}`,
      holds: "5m",
      summary: `A GPU is at ${gpuTemperatureCelsius} °C or more`,
      description: `${ofGpu}: {{ $value }} °C.`,
    },
    {
      name: "GpuMediaGpuXidError",
      severity: "critical",
      // The metric keeps its last value until the driver is reloaded, so only a new value counts.
      expr: `(${recorded.gpuLastXid} > 0 unless ${recorded.gpuLastXid} == ${recorded.gpuLastXid} offset 1h)`,
      holds: "0s",
      summary: "The GPU driver reported an XID error",
      description: `${ofGpu}: XID {{ $value }}.`,
    },
    {
      name: "GpuMediaGpuThrottled",
      severity: "warning",
      expr: `${trouble} > 0`,
      holds: "10m",
      summary: "A GPU is throttled because of heat or power",
      description: `${ofGpu}: {{ $value }} throttle reasons.`,
    },
    {
      name: "GpuMediaGpuMetricsMissing",
      severity: "warning",
      expr: `(${reporting(scope)} unless ${byService} ${recorded.gpuUtilization}) and ${byService} (${expected})`,
      holds: "15m",
      summary: "Prometheus receives no GPU metrics for the service",
      description: "{{ $value }} pods run, and no exporter reports their GPUs.",
    },
  ]);
}

export function capacityAlerts(scope: RuleScope, runbookUrl: string): readonly AlertRule[] {
  const pods = recordedOf(recorded.pods, scope);
  const inContainer = `container="${containerName}"`;
  const used = `container_memory_working_set_bytes{${inContainer}}`;
  // Extended resources, such as GPUs, are the only ones that kube-state-metrics counts as integers.
  const needsDevices = `(${pods} and on (namespace, pod) kube_pod_container_resource_requests{${inContainer},unit="integer"})`;
  return render(scope, runbookUrl, [
    {
      name: "GpuMediaMemoryHigh",
      severity: "warning",
      expr: `max by (namespace, service, pod) (${ofPods(used, pods)}) > ${byService} group_left ${recorded.targetMemory}`,
      holds: "15m",
      summary: `A pod uses more than ${memoryTarget} of memory`,
      description: `Pod {{ $labels.pod }}: {{ $value | humanize1024 }}B, target ${memoryTarget}.`,
    },
    {
      name: "GpuMediaPodsWaitForGpu",
      severity: "warning",
      expr: `sum by (namespace, service) (${ofPods("kube_pod_status_unschedulable", needsDevices)}) > 0`,
      holds: "5m",
      summary: "Pods wait for a node with free GPUs",
      description: "{{ $value }} pods are unschedulable.",
    },
    {
      name: "GpuMediaAutoscalerAtMaximum",
      severity: "warning",
      expr: autoscalerAtMaximum(scope),
      holds: "15m",
      summary: "The autoscaler has reached its maximum",
      description: "Desired replicas: {{ $value }}, the maximum.",
    },
  ]);
}

/** The number of pods of each service that are scraped. */
function reporting(scope: RuleScope): string {
  return `count by (namespace, service) (${ofPods("concurrent_gpu_operations", recordedOf(recorded.pods, scope))})`;
}

/** Our HPA has the name of the service, and KEDA's has it after a prefix. */
function autoscalerAtMaximum(scope: RuleScope): string {
  const figure = (name: string): string =>
    `max by (namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_${name}{${namespaceMatcher(scope)}})`;
  const atMaximum = `(${figure("status_desired_replicas")} >= ${figure("spec_max_replicas")})`;
  const named = (pattern: string): string =>
    `label_replace(${atMaximum}, "service", "$1", "horizontalpodautoscaler", "${pattern}")`;
  const known = `${byService} ${recordedOf(recorded.alerts, scope)}`;
  return `(${named("(.+)")} and ${known}) or (${named("keda-hpa-(.+)")} and ${known})`;
}

function render(scope: RuleScope, runbookUrl: string, alerts: readonly Alert[]): readonly AlertRule[] {
  const switchedOn = `${byService} (${recordedOf(recorded.alerts, scope)} == 1)`;
  return alerts.map(({ name, severity, expr, holds, summary, description }) => ({
    alert: name,
    expr: `(${expr}) and ${switchedOn}`,
    for: holds,
    labels: { severity },
    annotations: {
      summary: `{{ $labels.namespace }}/{{ $labels.service }}: ${summary}`,
      description,
      runbook_url: `${runbookUrl}#${name.toLowerCase()}`,
    },
  }));
}
