/** Recording rules that services share: which pod belongs to which service, its targets, and the alerts' queries. */
import { containerName } from "../observe/names.ts";
import {
  gpuClockReasons,
  gpuLastXid,
  gpuMemoryUsed,
  gpuPowerUsage,
  gpuTemperature,
  gpuUtilization,
} from "./gpu-queries.ts";
import { ofPods } from "./promql.ts";

export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** What a set of rules depends on besides the series. */
export interface RuleScope {
  /** `namespace/name` of the PrometheusRule. Pods export it, so that two sets never apply to one service. */
  readonly rules: string;
  /** The namespaces whose pods kube-state-metrics may name; empty: all. */
  readonly namespaces: readonly string[];
  /** Services that these rules do not apply to although their pods may export nothing. Sorted. */
  readonly others: readonly { readonly namespace: string; readonly name: string }[];
}

/** The recorded series. Names follow Prometheus' level:metric:operation. */
export const recorded = {
  gpuUtilization: "gpumedia:gpu_utilization:percent",
  gpuMemoryUsed: "gpumedia:gpu_memory_used:percent",
  gpuTemperature: "gpumedia:gpu_temperature:celsius",
  gpuPowerUsage: "gpumedia:gpu_power_usage:watts",
  gpuLastXid: "gpumedia:gpu_xid:last",
  gpuClockReasons: "gpumedia:gpu_clock_reasons:bits",
  processingP95: "gpumedia:gpu_processing_seconds:p95",
  requestRate: "gpumedia:requests:rate5m",
  rejectionRatio: "gpumedia:rejections:ratio5m",
  frameP95: "gpumedia:live_frame_seconds:p95",
  droppedFrames: "gpumedia:live_dropped:percent",
  liveSessions: "gpumedia:live_sessions:percent",
  targetLatency: "gpumedia:slo_latency_p95:seconds",
  targetMemory: "gpumedia:slo_memory:bytes",
  targetGpuMin: "gpumedia:slo_gpu_utilization_min:percent",
  targetGpuMax: "gpumedia:slo_gpu_utilization_max:percent",
  targetFrameLatency: "gpumedia:slo_frame_latency_p95:seconds",
  targetDroppedFrames: "gpumedia:slo_dropped_frames:percent",
  alerts: "gpumedia:service:alerts",
  gpuMetrics: "gpumedia:service:gpu_metrics",
  pods: "gpumedia:pod:service",
  gpuPods: "gpumedia:gpu_pod:service",
  others: "gpumedia:service:other",
} as const;

/** A series of this set of rules: another set in the same Prometheus records its own. */
export function recordedOf(name: string, { rules }: RuleScope): string {
  return `${name}{rules="${rules}"}`;
}

/** A matcher of namespaces, for between braces; empty: all namespaces. */
export function namespaceMatcher({ namespaces }: RuleScope): string {
  return namespaces.length === 0 ? "" : `namespace=~"${namespaces.join("|")}"`;
}

/**
 * Which pods belong to which service, and the targets of services.
 *
 * Pods export both. Those that are not scraped or still wait for a node export nothing: their service is known from
 * kube-state-metrics, whose default metrics include no labels. For these, `others` lists the services that switch alerts off.
 */
export function targetRules(scope: RuleScope): readonly RecordingRule[] {
  const labels = { rules: scope.rules };
  const { others, pods, alerts, gpuMetrics, gpuPods } = recorded;
  // Until 5 minutes after the last scrape, as long as the rates in which the pod still counts.
  const exported = (metric: string): string => `last_over_time(gpumedia_slo_${metric}{rules="${scope.rules}"}[5m])`;
  const ofService = (aggregation: string, metric: string): string =>
    `${aggregation} by (namespace, service) (${exported(metric)})`;
  const known = `${podsOfDeployments(scope)} unless on (namespace, service) ${recordedOf(others, scope)}`;
  return [
    ...(scope.others.length === 0 ? [] : [{ record: others, expr: otherServices(scope), labels }]),
    {
      record: pods,
      // `topk`: a pod of two services would fail every query.
      expr: `topk by (namespace, pod) (1, group by (namespace, pod, service) (${exported("alerts")})\nor\n(${known}))`,
      labels,
    },
    {
      record: alerts,
      expr: `${ofService("max", "alerts")}\nor\ngroup by (namespace, service) (${recordedOf(pods, scope)})`,
      labels,
    },
    { record: gpuMetrics, expr: ofService("max", "gpu_metrics"), labels },
    {
      record: gpuPods,
      expr: `${recordedOf(pods, scope)} unless on (namespace, service) ${recordedOf(gpuMetrics, scope)} == 0`,
      labels,
    },
    { record: recorded.targetLatency, expr: ofService("max", "latency_p95_seconds") },
    { record: recorded.targetMemory, expr: ofService("max", "memory_bytes") },
    { record: recorded.targetGpuMin, expr: ofService("min", "gpu_utilization_min_percent") },
    { record: recorded.targetGpuMax, expr: ofService("max", "gpu_utilization_max_percent") },
    { record: recorded.targetFrameLatency, expr: ofService("max", "frame_latency_p95_seconds") },
    { record: recorded.targetDroppedFrames, expr: ofService("max", "dropped_frames_percent") },
  ];
}

/** The pods of the processor by the name of their Deployment, which is that of the service. */
function podsOfDeployments(scope: RuleScope): string {
  const matcher = [namespaceMatcher(scope)].filter((text) => text !== "");
  const container = [...matcher, `container="${containerName}"`].join(",");
  const owner = [...matcher, 'owner_kind="ReplicaSet"'].join(",");
  const owned = `group by (namespace, pod, owner_name) (kube_pod_owner{${owner}} and on (namespace, pod) kube_pod_container_resource_requests{${container}})`;
  // A ReplicaSet's name is the Deployment's, a dash, and a hash without one.
  return `group by (namespace, pod, service) (label_replace(${owned}, "service", "$1", "owner_name", "(.+)-[^-]+"))`;
}

function otherServices({ others }: RuleScope): string {
  const byNamespace = Map.groupBy(others, ({ namespace }) => namespace);
  const series = [...byNamespace].map(
    ([namespace, services]) =>
      `kube_deployment_spec_replicas{namespace="${namespace}",deployment=~"${services.map(({ name }) => name).join("|")}"}`,
  );
  return `label_replace(group by (namespace, deployment) (${series.join(" or ")}), "service", "$1", "deployment", "(.+)")`;
}

/** The guide's queries (section GPU Metrics), for the pods that have GPUs. */
export function gpuRecordingRules(scope: RuleScope): readonly RecordingRule[] {
  const pods = recordedOf(recorded.gpuPods, scope);
  return [
    { record: recorded.gpuUtilization, expr: gpuUtilization(pods) },
    { record: recorded.gpuMemoryUsed, expr: gpuMemoryUsed(pods) },
    { record: recorded.gpuTemperature, expr: gpuTemperature(pods) },
    { record: recorded.gpuPowerUsage, expr: gpuPowerUsage(pods) },
    { record: recorded.gpuLastXid, expr: gpuLastXid(pods) },
    { record: recorded.gpuClockReasons, expr: gpuClockReasons(pods) },
  ];
}

/** The processor's own metrics (guide, Application Metrics). */
export function processorRecordingRules(scope: RuleScope): readonly RecordingRule[] {
  const pods = recordedOf(recorded.pods, scope);
  const rate = (by: string, series: string): string => `sum by (${by}) (${ofPods(`rate(${series}[5m])`, pods)})`;
  const requests = rate("namespace, service", "gpumedia_requests_total");
  const rejected = rate("namespace, service", 'gpumedia_requests_total{outcome="rejected"}');
  return [
    {
      record: recorded.processingP95,
      expr: `histogram_quantile(0.95, ${rate("namespace, service, le", "gpu_processing_seconds_bucket")})`,
    },
    { record: recorded.requestRate, expr: requests },
    // 0 is the value of a service that has rejected nothing yet.
    { record: recorded.rejectionRatio, expr: `(${rejected} or 0 * ${requests}) / (${requests} > 0)` },
  ];
}

/** Of services with live video. */
export function liveRecordingRules(scope: RuleScope): readonly RecordingRule[] {
  const pods = recordedOf(recorded.pods, scope);
  const sum = (series: string): string => `sum by (namespace, service) (${ofPods(series, pods)})`;
  const rate = `rate(gpumedia_live_frame_seconds_bucket[5m])`;
  return [
    {
      record: recorded.frameP95,
      expr: `histogram_quantile(0.95, sum by (namespace, service, le) (${ofPods(rate, pods)}))`,
    },
    // Of the worst pod: its clients have that picture, however well the others do.
    {
      record: recorded.droppedFrames,
      expr: `max by (namespace, service) (${ofPods("avg_over_time(gpumedia_live_dropped_percent[5m])", pods)})`,
    },
    {
      record: recorded.liveSessions,
      expr: `100 * ${sum("gpumedia_live_sessions")} / (${sum("gpumedia_live_session_limit")} > 0)`,
    },
  ];
}
