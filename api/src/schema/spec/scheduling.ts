/** Scheduling of the pods. */
import { Type } from "typebox";
import { affinity } from "../affinity.ts";
import {
  givenLabels,
  labelValue,
  list,
  object,
  objectName,
  oneOf,
  qualified,
  settings,
  wholeNumber,
} from "../scalars.ts";
import { labelKeys, labelSelector } from "../selectors.ts";

const tolerations = list(
  "atomic",
  {
    description:
      "Tolerations of the pods. The usual taint of GPU nodes (nvidia.com/gpu) is always tolerated, unless gpu.count is 0.",
  },
  settings(
    {
      description: "A toleration, as in core/v1.",
      rules: [
        {
          rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
          message: "a toleration without a key requires operator: Exists",
        },
        {
          rule: "!(has(self.operator) && self.operator == 'Exists' && has(self.value) && self.value != '')",
          message: "value must be empty with operator: Exists",
        },
        {
          rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
          message: "tolerationSeconds requires effect: NoExecute",
        },
      ],
    },
    {
      key: qualified("Key of the taint. Without a key, and with operator Exists, all taints are tolerated."),
      operator: oneOf(
        ["Exists", "Equal"],
        "How the value is compared. Exists tolerates all values. Defaults to Equal.",
      ),
      value: labelValue("Value of the taint."),
      effect: oneOf(["NoSchedule", "PreferNoSchedule", "NoExecute"], "Effect of the taint. Defaults to all effects."),
      tolerationSeconds: wholeNumber("For how long a NoExecute taint is tolerated.", 0, 2_147_483_647),
    },
  ),
);

const topologySpreadConstraints = list(
  { keys: ["topologyKey", "whenUnsatisfiable"] },
  { description: "How pods are spread across nodes and zones." },
  object(
    {
      description: "A topology spread constraint, as in core/v1.",
      rules: [
        {
          rule: "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
          message: "minDomains requires whenUnsatisfiable: DoNotSchedule",
          fieldPath: ".minDomains",
        },
      ],
    },
    {
      topologyKey: qualified("Key of the node label that defines the topology domains."),
      whenUnsatisfiable: oneOf(
        ["DoNotSchedule", "ScheduleAnyway"],
        "Whether to schedule a pod that violates the constraint.",
      ),
      maxSkew: wholeNumber("Maximum difference in the number of pods between two domains.", 1, 1_000),
      minDomains: Type.Optional(wholeNumber("Minimum number of domains.", 1, 1_000)),
      labelSelector: Type.Optional(labelSelector("Selects the pods to count. Defaults to those of the service.")),
      matchLabelKeys: labelKeys("Keys of labels whose value must equal that of the pod being scheduled."),
      nodeAffinityPolicy: Type.Optional(
        oneOf(["Honor", "Ignore"], "Whether nodes that the affinity excludes are ignored."),
      ),
      nodeTaintsPolicy: Type.Optional(
        oneOf(["Honor", "Ignore"], "Whether nodes with taints that are not tolerated are ignored."),
      ),
    },
  ),
);

export const scheduling = settings(
  { description: "Where the pods are scheduled." },
  {
    nodeSelector: givenLabels("Labels that a node must have for a pod to be scheduled onto it."),
    tolerations,
    affinity,
    topologySpreadConstraints,
    priorityClassName: objectName("Name of the pods' PriorityClass. Defaults to the cluster's default."),
    runtimeClassName: objectName("Name of the pods' RuntimeClass, such as nvidia. Defaults to the cluster's default."),
  },
);
