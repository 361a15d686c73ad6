/** Where the pods run. */
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
import { labelSelector } from "../selectors.ts";

const tolerations = list(
  "atomic",
  {
    description:
      "Taints that the pods tolerate. The taint that GPU nodes usually carry (nvidia.com/gpu) is tolerated without being named, unless gpu.count is 0.",
  },
  settings(
    {
      description: "A toleration, as in core/v1.",
      rules: [
        {
          rule: "has(self.key) || (has(self.operator) && self.operator == 'Exists')",
          message: "a toleration without a key needs operator: Exists",
        },
        {
          rule: "!(has(self.operator) && self.operator == 'Exists' && has(self.value) && self.value != '')",
          message: "operator Exists takes no value: remove value, or use operator: Equal",
        },
        {
          rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
          message: "tolerationSeconds needs effect: NoExecute",
        },
      ],
    },
    {
      key: qualified("The taint's key; absent, with operator Exists: every taint."),
      operator: oneOf(["Exists", "Equal"], "Exists tolerates every value. Absent: Equal."),
      value: labelValue("The taint's value."),
      effect: oneOf(["NoSchedule", "PreferNoSchedule", "NoExecute"], "The taint's effect. Absent: all."),
      tolerationSeconds: wholeNumber("For how long a NoExecute taint is tolerated.", 0, 2_147_483_647),
    },
  ),
);

const topologySpreadConstraints = list(
  { keys: ["topologyKey", "whenUnsatisfiable"] },
  { description: "How the pods spread over nodes and zones." },
  object(
    {
      description: "A constraint, as in core/v1.",
      rules: [
        {
          rule: "!has(self.minDomains) || self.whenUnsatisfiable == 'DoNotSchedule'",
          message: "minDomains needs whenUnsatisfiable: DoNotSchedule",
          fieldPath: ".minDomains",
        },
      ],
    },
    {
      topologyKey: qualified("The node label whose values are the places."),
      whenUnsatisfiable: oneOf(["DoNotSchedule", "ScheduleAnyway"], "Whether a pod waits when it cannot be kept."),
      maxSkew: wholeNumber("By how many pods two places may differ.", 1, 1_000),
      minDomains: Type.Optional(wholeNumber("How many places there must be.", 1, 1_000)),
      labelSelector: Type.Optional(labelSelector("Which pods are counted. Absent: those of the service.")),
      matchLabelKeys: Type.Optional(
        list("atomic", { description: "Labels whose value is the pod's own." }, qualified("A label.")),
      ),
      nodeAffinityPolicy: Type.Optional(oneOf(["Honor", "Ignore"], "Whether nodes that affinity excludes count.")),
      nodeTaintsPolicy: Type.Optional(oneOf(["Honor", "Ignore"], "Whether nodes with taints count.")),
    },
  ),
);

export const scheduling = settings(
  { description: "Where the pods run." },
  {
    nodeSelector: givenLabels("Labels that a node must have."),
    tolerations,
    affinity,
    topologySpreadConstraints,
    priorityClassName: objectName("The pods' PriorityClass. Absent: the cluster's default."),
    runtimeClassName: objectName("The pods' RuntimeClass, such as nvidia. Absent: the cluster's default."),
  },
);
