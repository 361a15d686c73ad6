/** What is measured, and what it is held against. */
import { Type } from "typebox";
import { duration, flag, givenLabels, list, positiveSeconds, quantity, settings, wholeNumber } from "../scalars.ts";

export const monitoring = settings(
  { description: "What is measured and shown." },
  {
    dcgm: settings(
      { description: "The GPU metrics that NVIDIA's DCGM exporter is asked for, in one ConfigMap for all services." },
      {
        enabled: flag("Whether the service asks for any."),
        fields: list(
          "set",
          { description: "Fields of DCGM.", maxItems: 64 },
          Type.String({ description: "A field.", maxLength: 63, pattern: "^DCGM_FI_[A-Z0-9_]+$" }),
        ),
        profiling: flag("Also the profiling fields (DCGM_FI_PROF_…), for which the exporter needs SYS_ADMIN."),
      },
    ),
    podMonitor: flag("Whether there is a PodMonitor, where the cluster has prometheus-operator."),
    alerts: flag("Whether there is a PrometheusRule, where the cluster has prometheus-operator."),
    dashboard: flag("Whether there is a ConfigMap with a Grafana dashboard."),
    scrapeInterval: positiveSeconds("How often Prometheus scrapes the pods."),
    labels: givenLabels("Labels of the PodMonitor and PrometheusRule, for a Prometheus that selects them by label."),
    dashboardLabels: givenLabels("Labels of the dashboard's ConfigMap, by which Grafana's sidecar finds it."),
  },
);

export const slo = settings(
  { description: "The targets that the status and the alerts hold the service against." },
  {
    latencyP95: duration("95 of 100 requests are faster."),
    requestsPerSecondPerGpu: wholeNumber("Requests per second that one GPU should carry. 0: no target.", 0, 1_000_000),
    concurrentUsers: wholeNumber("Connections at once that the service should carry. 0: no target.", 0, 1_000_000),
    memory: quantity("The most memory that one pod should use."),
    gpuUtilization: settings(
      {
        description: "The band in which GPUs are well used.",
        rules: [
          {
            rule: "!has(self.min) || !has(self.max) || self.min < self.max",
            message: "min must be below max: lower the one or raise the other",
            fieldPath: ".min",
          },
        ],
      },
      { min: wholeNumber("Its lower end, in %.", 0, 100), max: wholeNumber("Its upper end, in %.", 0, 100) },
    ),
  },
);
