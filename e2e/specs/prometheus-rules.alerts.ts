/** Cases in which each alert fires, and in which it must not. */
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { exporter48, otherPod, pod, processor, type InputSeries } from "./prometheus-rules.series.ts";

export interface RuleAlert {
  readonly spec?: GpuMediaServiceSpec;
  readonly series: readonly InputSeries[];
  /** False: Prometheus scrapes no pod of the service. */
  readonly isScraped?: false;
  /** The time of the evaluation. */
  readonly at: string;
  readonly alert: string;
  /** Absent: it must not fire. */
  readonly fires?: {
    readonly severity: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly summary: string;
    readonly description: string;
  };
}

const state = (name: string, labels: string, value: number): InputSeries => ({
  series: `${name}{namespace="media",${labels}}`,
  values: `${value}x600`,
});
const latency = (belowTarget: number): readonly InputSeries[] => [
  processor("gpu_processing_seconds_bucket", `0+${belowTarget}x600`, 'le="0.01"'),
  processor("gpu_processing_seconds_bucket", "0+1000x600", 'le="0.05"'),
  processor("gpu_processing_seconds_bucket", "0+1000x600", 'le="+Inf"'),
];
const dropped = (percent: number): readonly InputSeries[] => [
  processor("gpumedia_live_dropped_percent", `${percent}x600`),
];
const frames = (within100Ms: number): readonly InputSeries[] => [
  processor("gpumedia_live_frame_seconds_bucket", `0+${within100Ms}x600`, 'le="0.1"'),
  processor("gpumedia_live_frame_seconds_bucket", "0+1000x600", 'le="0.2"'),
  processor("gpumedia_live_frame_seconds_bucket", "0+1000x600", 'le="+Inf"'),
];
const sessions = (publishers: number, viewers: number): readonly InputSeries[] => [
  processor("gpumedia_live_sessions", `${publishers}x600`, 'kind="publish"'),
  processor("gpumedia_live_sessions", `${viewers}x600`, 'kind="view"'),
  processor("gpumedia_live_session_limit", "20x600"),
];
const autoscaler = (name: string, desired: number): readonly InputSeries[] => [
  state("kube_horizontalpodautoscaler_status_desired_replicas", `horizontalpodautoscaler="${name}"`, desired),
  state("kube_horizontalpodautoscaler_spec_max_replicas", `horizontalpodautoscaler="${name}"`, 10),
];
const available = state("kube_deployment_status_replicas_available", 'deployment="upscaler"', 2);
const reporting = [
  processor("concurrent_gpu_operations", "3x600"),
  processor("concurrent_gpu_operations", "1x600", "", otherPod),
];
const memory = (bytes: number): InputSeries => processor("container_memory_working_set_bytes", `${bytes}x600`);
const gpu = { pod, gpu: "0" };
const xid79 = {
  severity: "critical",
  labels: gpu,
  summary: "The GPU driver reported an XID error",
  description: `GPU 0 of pod ${pod}: XID 79.`,
};

export const ruleAlerts: Readonly<Record<string, RuleAlert>> = {
  "p95 is above the target": {
    series: latency(0),
    at: "30m",
    alert: "GpuMediaLatencyHigh",
    fires: {
      severity: "warning",
      summary: "The p95 of the processing time is above 20ms",
      description: "p95: 48ms, target 20ms.",
    },
  },
  "p95 is within the target": { series: latency(1000), at: "30m", alert: "GpuMediaLatencyHigh" },
  "p95 of 48 ms is within the CPU target of 200 ms": {
    spec: { gpu: { count: 0 } },
    series: latency(0),
    at: "30m",
    alert: "GpuMediaLatencyHigh",
  },
  "a pod drops a tenth of its frames": {
    spec: { live: { enabled: true } },
    series: [...dropped(10), processor("gpumedia_live_dropped_percent", "0x600", "", otherPod)],
    at: "30m",
    alert: "GpuMediaLiveFramesDropped",
    fires: {
      severity: "warning",
      summary: "More than 5 % of the frames of live video are dropped",
      description: "The worst pod: 10 %, target 5 %.",
    },
  },
  "pods drop few frames": {
    spec: { live: { enabled: true } },
    series: dropped(4),
    at: "30m",
    alert: "GpuMediaLiveFramesDropped",
  },
  "live video is switched off while the old pods still drop frames": {
    series: dropped(10),
    at: "30m",
    alert: "GpuMediaLiveFramesDropped",
  },
  "frames take longer than the target": {
    spec: { live: { enabled: true } },
    series: frames(0),
    at: "30m",
    alert: "GpuMediaLiveFrameLatencyHigh",
    fires: {
      severity: "warning",
      summary: "The p95 of a frame's latency is above 100ms",
      description: "p95: 195ms, target 100ms.",
    },
  },
  "frames are within another target": {
    spec: { live: { enabled: true }, slo: { frameLatencyP95: "200ms" } },
    series: frames(0),
    at: "30m",
    alert: "GpuMediaLiveFrameLatencyHigh",
  },
  "all but one session are open": {
    spec: { live: { enabled: true } },
    series: sessions(12, 7),
    at: "30m",
    alert: "GpuMediaLiveSessionsNearLimit",
    fires: {
      severity: "warning",
      summary: "More than 90 % of the sessions of live video are open",
      description: "95 % of live.limits.sessions of all pods.",
    },
  },
  "half of the sessions are open": {
    spec: { live: { enabled: true } },
    series: sessions(6, 4),
    at: "30m",
    alert: "GpuMediaLiveSessionsNearLimit",
  },
  "one request of 50 is rejected": {
    series: [
      processor("gpumedia_requests_total", "0+98x60", 'outcome="accepted"'),
      processor("gpumedia_requests_total", "0+2x60", 'outcome="rejected"'),
    ],
    at: "30m",
    alert: "GpuMediaRequestsRejected",
    fires: {
      severity: "warning",
      summary: "Requests are rejected because the queue is full",
      description: "2.0 % of the requests were answered with 503.",
    },
  },
  "one request of 1000 is rejected": {
    series: [
      processor("gpumedia_requests_total", "0+999x60", 'outcome="accepted"'),
      processor("gpumedia_requests_total", "0+1x60", 'outcome="rejected"'),
    ],
    at: "30m",
    alert: "GpuMediaRequestsRejected",
  },
  "one pod is busy while the other idles, as with a hash of the URI": {
    series: [processor("gpumedia_busy_percent", "99x60"), processor("gpumedia_busy_percent", "2x60", "", otherPod)],
    at: "30m",
    alert: "GpuMediaLoadSkewed",
    fires: {
      severity: "warning",
      summary: "One pod is busy while another idles",
      description: "The busiest pod: 99 %, another one below 10 %.",
    },
  },
  "both pods are busy": {
    series: [processor("gpumedia_busy_percent", "99x60"), processor("gpumedia_busy_percent", "60x60", "", otherPod)],
    at: "30m",
    alert: "GpuMediaLoadSkewed",
  },
  "one pod is busy while a new one has just started": {
    series: [
      processor("gpumedia_busy_percent", "99x60"),
      processor("gpumedia_busy_percent", "_x20 2x5 70x30", "", otherPod),
    ],
    at: "30m",
    alert: "GpuMediaLoadSkewed",
  },
  "replicas are available, and none is scraped": {
    series: [available],
    isScraped: false,
    at: "30m",
    alert: "GpuMediaMetricsMissing",
    fires: {
      severity: "warning",
      labels: { deployment: "upscaler" },
      summary: "Prometheus receives no metrics from the processor",
      description: "2 replicas are available, and none is scraped.",
    },
  },
  "replicas are scraped": { series: [available, ...reporting], at: "30m", alert: "GpuMediaMetricsMissing" },
  "GPUs are 90 % busy for half an hour": {
    series: [...exporter48({}, { DEV_GPU_UTIL: 95 }), ...exporter48({ gpu: "1", pod: otherPod }, { DEV_GPU_UTIL: 85 })],
    at: "40m",
    alert: "GpuMediaGpuSaturated",
    fires: {
      severity: "warning",
      summary: "GPU utilization is above 80 %",
      description: "Average GPU utilization: 90 %, target 60 to 80 %.",
    },
  },
  "one GPU of two is busy: 65 % on average": {
    series: [...exporter48({}, { DEV_GPU_UTIL: 95 }), ...exporter48({ gpu: "1", pod: otherPod }, { DEV_GPU_UTIL: 35 })],
    at: "40m",
    alert: "GpuMediaGpuSaturated",
  },
  "GPUs are 30 % busy for six hours": {
    series: exporter48({}, { DEV_GPU_UTIL: 30 }),
    at: "7h",
    alert: "GpuMediaGpuUnderused",
    fires: {
      severity: "info",
      summary: "GPU utilization is below 60 %",
      description: "Average GPU utilization: 30 %, target 60 to 80 %.",
    },
  },
  "GPUs are underused for an hour": {
    series: exporter48({}, { DEV_GPU_UTIL: 30 }),
    at: "1h",
    alert: "GpuMediaGpuUnderused",
  },
  "95 % of a GPU's memory is in use": {
    series: exporter48({}, { DEV_FB_USED: 15_200, DEV_FB_FREE: 800 }),
    at: "30m",
    alert: "GpuMediaGpuMemoryHigh",
    fires: {
      severity: "warning",
      labels: gpu,
      summary: "More than 90 % of a GPU's memory is in use",
      description: `GPU 0 of pod ${pod}: 95 %.`,
    },
  },
  "half of a GPU's memory is in use": {
    series: exporter48({}, { DEV_FB_USED: 8000, DEV_FB_FREE: 8000 }),
    at: "30m",
    alert: "GpuMediaGpuMemoryHigh",
  },
  "a GPU is at 88 °C": {
    series: exporter48({}, { DEV_GPU_TEMP: 88 }),
    at: "30m",
    alert: "GpuMediaGpuHot",
    fires: {
      severity: "warning",
      labels: gpu,
      summary: "A GPU is at 85 °C or more",
      description: `GPU 0 of pod ${pod}: 88 °C.`,
    },
  },
  "a GPU is at 70 °C": { series: exporter48({}, { DEV_GPU_TEMP: 70 }), at: "30m", alert: "GpuMediaGpuHot" },
  "the first XID error of an exporter that reports 0 before": {
    series: exporter48({}, { DEV_XID_ERRORS: "0x120 79x120" }),
    at: "2h5m",
    alert: "GpuMediaGpuXidError",
    fires: xid79,
  },
  "the first XID error of an exporter that reports nothing before": {
    series: exporter48({}, { DEV_XID_ERRORS: "_x120 79x120" }),
    at: "2h5m",
    alert: "GpuMediaGpuXidError",
    fires: xid79,
  },
  "an XID error that differs from the last": {
    series: exporter48({}, { DEV_XID_ERRORS: "31x120 79x120" }),
    at: "2h5m",
    alert: "GpuMediaGpuXidError",
    fires: xid79,
  },
  "the last XID error is hours old": {
    series: exporter48({}, { DEV_XID_ERRORS: "79x600" }),
    at: "5h",
    alert: "GpuMediaGpuXidError",
  },
  "no XID error": { series: exporter48({}, { DEV_XID_ERRORS: 0 }), at: "5h", alert: "GpuMediaGpuXidError" },
  "hardware and software throttle a GPU because of heat": {
    series: exporter48({}, { DEV_CLOCKS_EVENT_REASONS: 8 + 32 + 64 }),
    at: "30m",
    alert: "GpuMediaGpuThrottled",
    fires: {
      severity: "warning",
      labels: gpu,
      summary: "A GPU is throttled because of heat or power",
      description: `GPU 0 of pod ${pod}: 3 throttle reasons.`,
    },
  },
  "a power brake, reported by an exporter with the old name": {
    series: exporter48({}, { DEV_CLOCK_THROTTLE_REASONS: 128 }),
    at: "30m",
    alert: "GpuMediaGpuThrottled",
    fires: {
      severity: "warning",
      labels: gpu,
      summary: "A GPU is throttled because of heat or power",
      description: `GPU 0 of pod ${pod}: 1 throttle reasons.`,
    },
  },
  "a GPU is idle, or at its power limit, which is normal when busy": {
    series: exporter48({}, { DEV_CLOCKS_EVENT_REASONS: 1 + 4 + 16 }),
    at: "30m",
    alert: "GpuMediaGpuThrottled",
  },
  "pods run, and no exporter reports their GPUs": {
    series: reporting,
    at: "30m",
    alert: "GpuMediaGpuMetricsMissing",
    fires: {
      severity: "warning",
      summary: "Prometheus receives no GPU metrics for the service",
      description: "2 pods run, and no exporter reports their GPUs.",
    },
  },
  "an exporter reports a GPU of the service": {
    series: [...reporting, ...exporter48({}, { DEV_GPU_UTIL: 50 })],
    at: "30m",
    alert: "GpuMediaGpuMetricsMissing",
  },
  "a pod uses 5 GiB": {
    series: [memory(5 * 2 ** 30)],
    at: "30m",
    alert: "GpuMediaMemoryHigh",
    fires: {
      severity: "warning",
      labels: { pod },
      summary: "A pod uses more than 4Gi of memory",
      description: `Pod ${pod}: 5GiB, target 4Gi.`,
    },
  },
  "a pod uses 3 GiB": { series: [memory(3 * 2 ** 30)], at: "30m", alert: "GpuMediaMemoryHigh" },
  "two pods are unschedulable": {
    series: [pod, otherPod].map((name) => state("kube_pod_status_unschedulable", `pod="${name}"`, 1)),
    isScraped: false,
    at: "30m",
    alert: "GpuMediaPodsWaitForGpu",
    fires: {
      severity: "warning",
      summary: "Pods wait for a node with free GPUs",
      description: "2 pods are unschedulable.",
    },
  },
  "a pod of another workload is unschedulable": {
    series: [state("kube_pod_status_unschedulable", 'pod="upscaler-2x-6d4c8b7f9d-x2k4p"', 1)],
    isScraped: false,
    at: "30m",
    alert: "GpuMediaPodsWaitForGpu",
  },
  "the autoscaler is at its maximum": {
    series: autoscaler("upscaler", 10),
    at: "30m",
    alert: "GpuMediaAutoscalerAtMaximum",
    fires: {
      severity: "warning",
      labels: { horizontalpodautoscaler: "upscaler" },
      summary: "The autoscaler has reached its maximum",
      description: "Desired replicas: 10, the maximum.",
    },
  },
  "KEDA's autoscaler is at its maximum": {
    spec: { autoscaling: { horizontal: { provider: "KEDA" } } },
    series: autoscaler("keda-hpa-upscaler", 10),
    at: "30m",
    alert: "GpuMediaAutoscalerAtMaximum",
    fires: {
      severity: "warning",
      labels: { horizontalpodautoscaler: "keda-hpa-upscaler" },
      summary: "The autoscaler has reached its maximum",
      description: "Desired replicas: 10, the maximum.",
    },
  },
  "the autoscaler is below its maximum": {
    series: autoscaler("upscaler", 9),
    at: "30m",
    alert: "GpuMediaAutoscalerAtMaximum",
  },
};
