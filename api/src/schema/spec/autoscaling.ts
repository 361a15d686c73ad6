/** Horizontal and vertical autoscaling. */
import { Type } from "typebox";
import { flag, list, object, oneOf, quantity, settings, wholeNumber } from "../scalars.ts";

const scalingRules = (description: string) =>
  settings(
    { description },
    {
      stabilizationWindowSeconds: wholeNumber(
        "How far back, in seconds, past recommendations are considered; the most conservative one is applied.",
        0,
        3_600,
      ),
      selectPolicy: oneOf(
        ["Max", "Min", "Disabled"],
        "Which policy applies when several do. Defaults to Max, the policy with the largest change.",
      ),
      tolerance: Type.Unsafe<string | number>({
        ...quantity(""),
        description:
          "How far a metric may be from its target, as a share of it, before replicas change: 0.05 or 50m is 5 %. Requires Kubernetes 1.35. Defaults to that of the cluster, usually 0.1.",
      }),
      policies: list(
        "atomic",
        { description: "Limits on the change of replicas within a period.", minItems: 1, maxItems: 8 },
        object(
          { description: "A scaling policy." },
          {
            type: oneOf(["Pods", "Percent"], "Unit of value: pods, or percent of the replicas."),
            value: wholeNumber("Maximum change within the period.", 1, 10_000),
            periodSeconds: wholeNumber("Length of the period, in seconds.", 1, 1_800),
          },
        ),
      ),
    },
  );

const horizontal = settings(
  {
    description: "Scales the number of replicas with the load.",
    rules: [
      {
        rule: "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
        message: "minReplicas must not be greater than maxReplicas",
        fieldPath: ".minReplicas",
      },
    ],
  },
  {
    enabled: flag("Whether horizontal autoscaling is enabled."),
    provider: oneOf(
      ["HPA", "KEDA"],
      "The autoscaler: HPA creates a HorizontalPodAutoscaler, KEDA a ScaledObject with Prometheus triggers.",
    ),
    minReplicas: wholeNumber("Minimum number of replicas, at least 1: the metrics come from the pods.", 1, 10_000),
    maxReplicas: wholeNumber("Maximum number of replicas.", 1, 10_000),
    cpuUtilizationPercent: wholeNumber(
      "Target CPU utilization, in percent of the request, averaged over the pods. 0 disables scaling on CPU.",
      0,
      1_000,
    ),
    gpuUtilizationPercent: wholeNumber(
      "Target GPU utilization, in percent, averaged over the pods. Requires that the cluster serves the metric (custom.metrics.k8s.io), or provider KEDA. 0 disables scaling on GPU utilization.",
      0,
      100,
    ),
    gpuMetric: oneOf(
      ["Auto", "Busy"],
      "What gpuUtilizationPercent is compared with. Busy is the share of time in which a pod's workers were busy: its own work. Auto is the GPU utilization while every pod has its GPUs alone, and Busy where GPUs are shared or MIG devices.",
    ),
    liveSessionsPercent: wholeNumber(
      "Target number of live video sessions, in percent of live.limits.sessions, averaged over the pods. Used only with live.enabled, and where the cluster serves the metric, as gpuUtilizationPercent. 0 disables scaling on sessions.",
      0,
      100,
    ),
    droppedFramesPercent: wholeNumber(
      "Target share of live video frames that are dropped because pods are too slow, in percent, averaged over the pods. Used as liveSessionsPercent. 0 disables scaling on dropped frames.",
      0,
      100,
    ),
    behavior: settings(
      { description: "Scaling behavior, as in autoscaling/v2." },
      { scaleUp: scalingRules("Behavior when scaling up."), scaleDown: scalingRules("Behavior when scaling down.") },
    ),
    prometheusAddress: Type.String({
      description: "URL of the Prometheus server that KEDA queries. Used only with provider KEDA.",
      maxLength: 2_048,
      pattern: "^https?://[^\\s]+$",
    }),
  },
);

const bounds = (description: string) =>
  settings({ description }, { cpu: quantity("Amount of CPU."), memory: quantity("Amount of memory.") });

const vertical = settings(
  { description: "Adjusts the pods' requests to their usage. Requires that VerticalPodAutoscaler is installed." },
  {
    enabled: flag("Whether to create a VerticalPodAutoscaler."),
    mode: oneOf(
      ["Off", "Initial", "Recreate", "InPlaceOrRecreate", "Auto"],
      "Update mode. Off only recommends. Initial sets the requests of new pods. Auto resizes pods in place where the cluster supports it, and recreates them otherwise.",
    ),
    minAllowed: bounds("Minimum recommendation. Defaults to no minimum."),
    maxAllowed: bounds("Maximum recommendation."),
    controlledResources: list(
      "set",
      { description: "The resources to adjust.", minItems: 1, maxItems: 2 },
      oneOf(["cpu", "memory"], "A resource."),
    ),
  },
);

export const autoscaling = settings(
  { description: "Autoscaling of the number of replicas and of their resources." },
  { horizontal, vertical },
);
