/** Monitoring, service level objectives and regression tests. */
import { Type } from "typebox";
import {
  duration,
  flag,
  givenLabels,
  list,
  oneOf,
  positiveSeconds,
  quantity,
  settings,
  wholeNumber,
} from "../scalars.ts";
import { loadTestResources } from "./workload.ts";

export const monitoring = settings(
  { description: "Metrics, alerts and dashboards." },
  {
    dcgm: settings(
      { description: "GPU metrics of NVIDIA's DCGM exporter, configured in one ConfigMap for all services." },
      {
        enabled: flag("Whether the service requires GPU metrics."),
        fields: list(
          "set",
          { description: "DCGM fields to export.", maxItems: 64 },
          Type.String({ description: "A DCGM field.", maxLength: 63, pattern: "^DCGM_FI_[A-Z0-9_]+$" }),
        ),
        profiling: flag(
          "Whether to export the profiling fields (DCGM_FI_PROF_…), for which the exporter needs SYS_ADMIN.",
        ),
      },
    ),
    podMonitor: flag("Whether to create a PodMonitor. Requires prometheus-operator."),
    alerts: flag("Whether the shared PrometheusRule applies to the service. Requires prometheus-operator."),
    dashboard: flag("Whether the shared ConfigMap with a Grafana dashboard is created."),
    scope: oneOf(
      ["Cluster", "Namespace"],
      "Which services share alerts and a dashboard: all services, with objects in the operator's namespace, or those of the service's namespace, for a Prometheus that reads the rules of its own namespace.",
    ),
    scrapeInterval: positiveSeconds("Interval at which Prometheus scrapes the pods."),
    labels: givenLabels("Labels of the PodMonitor and the shared PrometheusRule, by which Prometheus selects them."),
    dashboardLabels: givenLabels("Labels of the shared dashboard's ConfigMap, by which Grafana's sidecar selects it."),
  },
);

export const slo = settings(
  { description: "Service level objectives, against which the status and the alerts compare the service." },
  {
    latencyP95: duration("Target for the 95th percentile of latency."),
    frameLatencyP95: duration(
      "Target for the 95th percentile of the time that a frame of live video takes in a pod, without decoding and encoding.",
    ),
    droppedFramesPercent: wholeNumber(
      "Maximum share of live video frames that are dropped because a pod is too slow, in percent.",
      0,
      100,
    ),
    requestsPerSecondPerGpu: wholeNumber(
      "Target rate of requests per second and GPU. 0 means no target.",
      0,
      1_000_000,
    ),
    concurrentUsers: wholeNumber("Target number of concurrent connections. 0 means no target.", 0, 1_000_000),
    memory: quantity("Maximum memory usage of a pod."),
    gpuUtilization: settings(
      {
        description: "Target band of GPU utilization.",
        rules: [
          {
            rule: "!has(self.min) || !has(self.max) || self.min < self.max",
            message: "min must be less than max",
            fieldPath: ".min",
          },
        ],
      },
      {
        min: wholeNumber("Lower end of the band, in percent.", 0, 100),
        max: wholeNumber("Upper end of the band, in percent.", 0, 100),
      },
    ),
  },
);

export const regression = settings(
  { description: "Performance regression tests, which the operator runs itself." },
  {
    onRollout: flag(
      "Whether a GpuMediaLoadTest runs after each rollout and is compared with the last one that passed.",
    ),
    scenario: oneOf(["baseline", "stress", "endurance"], "The load scenario."),
    tolerancePercent: Type.Number({
      description: "How much worse a figure may be, in percent.",
      minimum: 0,
      maximum: 100,
    }),
    resources: loadTestResources,
  },
);
