/** How many replicas, and how large. */
import { Type } from "typebox";
import { flag, list, object, oneOf, quantity, settings, wholeNumber } from "../scalars.ts";

const scalingRules = (description: string) =>
  settings(
    { description },
    {
      stabilizationWindowSeconds: wholeNumber(
        "Over how long the most cautious recommendation is taken, in s.",
        0,
        3_600,
      ),
      selectPolicy: oneOf(["Max", "Min", "Disabled"], "Which policy decides. Absent: the one that changes most."),
      policies: list(
        "atomic",
        { description: "How much may change in how long.", minItems: 1, maxItems: 8 },
        object(
          { description: "A policy." },
          {
            type: oneOf(["Pods", "Percent"], "Whether value counts pods or percent of the replicas."),
            value: wholeNumber("By how much.", 1, 10_000),
            periodSeconds: wholeNumber("In how long, in s.", 1, 1_800),
          },
        ),
      ),
    },
  );

const horizontal = settings(
  {
    description: "The number of replicas follows the load.",
    rules: [
      {
        rule: "!has(self.minReplicas) || !has(self.maxReplicas) || self.minReplicas <= self.maxReplicas",
        message: "minReplicas is above maxReplicas: lower the one or raise the other",
        fieldPath: ".minReplicas",
      },
    ],
  },
  {
    enabled: flag("Whether the replicas follow the load."),
    provider: oneOf(
      ["HPA", "KEDA"],
      "What scales: a HorizontalPodAutoscaler, or a ScaledObject of KEDA on Prometheus.",
    ),
    minReplicas: wholeNumber("The fewest replicas.", 1, 10_000),
    maxReplicas: wholeNumber("The most replicas.", 1, 10_000),
    cpuUtilizationPercent: wholeNumber(
      "Target CPU, in % of the request, averaged over the pods. 0: not scaled on CPU.",
      0,
      1_000,
    ),
    gpuUtilizationPercent: wholeNumber(
      "Target GPU utilization in %, averaged over the pods. Used where the cluster serves the metric (custom.metrics.k8s.io), or with provider KEDA. 0: not scaled on it.",
      0,
      100,
    ),
    behavior: settings(
      { description: "How fast the replicas change, as in autoscaling/v2." },
      { scaleUp: scalingRules("Upwards."), scaleDown: scalingRules("Downwards.") },
    ),
    prometheusAddress: Type.String({
      description: "Where KEDA finds Prometheus. Used only with provider KEDA.",
      maxLength: 2_048,
      pattern: "^https?://[^\\s]+$",
    }),
  },
);

const bounds = (description: string) =>
  settings({ description }, { cpu: quantity("CPU."), memory: quantity("Memory.") });

const vertical = settings(
  { description: "The requests of the pods follow their use, where the cluster has a VerticalPodAutoscaler." },
  {
    enabled: flag("Whether there is a VerticalPodAutoscaler."),
    mode: oneOf(
      ["Off", "Initial", "Recreate", "InPlaceOrRecreate", "Auto"],
      "Off only recommends, Initial sets the requests of new pods. Auto resizes in place where the cluster can, else it recreates the pods.",
    ),
    minAllowed: bounds("The least that is recommended. Absent: no bound."),
    maxAllowed: bounds("The most that is recommended."),
    controlledResources: list(
      "set",
      { description: "What is resized.", minItems: 1, maxItems: 2 },
      oneOf(["cpu", "memory"], "A resource."),
    ),
  },
);

export const autoscaling = settings({ description: "How many replicas, and how large." }, { horizontal, vertical });
