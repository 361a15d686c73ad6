/** Affinity of core/v1, whole: its mistakes should be found when a service is applied, not when its pods are made. */
import { Type } from "typebox";
import { labelName, list, object, qualified, settings, wholeNumber } from "./scalars.ts";
import { labelSelector, nodeSelectorTerm } from "./selectors.ts";

const weight = () => wholeNumber("How much it counts among the preferences.", 1, 100);

const podAffinityTerm = (description: string) =>
  object(
    {
      description,
      rules: [
        {
          rule: "has(self.labelSelector) || ((!has(self.matchLabelKeys) || self.matchLabelKeys.size() == 0) && (!has(self.mismatchLabelKeys) || self.mismatchLabelKeys.size() == 0))",
          message: "matchLabelKeys and mismatchLabelKeys need a labelSelector",
        },
      ],
    },
    {
      topologyKey: qualified("The node label whose values are the places, such as kubernetes.io/hostname."),
      labelSelector: Type.Optional(labelSelector("Which pods.")),
      namespaces: Type.Optional(
        list("atomic", { description: "Their namespaces. Absent: the service's own." }, labelName("A namespace.")),
      ),
      namespaceSelector: Type.Optional(labelSelector("Their namespaces by label.")),
      matchLabelKeys: Type.Optional(
        list("atomic", { description: "Labels whose value is the pod's own." }, qualified("A label.")),
      ),
      mismatchLabelKeys: Type.Optional(
        list("atomic", { description: "Labels whose value is not the pod's own." }, qualified("A label.")),
      ),
    },
  );

const podAffinity = (description: string) =>
  settings(
    { description },
    {
      requiredDuringSchedulingIgnoredDuringExecution: list(
        "atomic",
        { description: "Must all hold for a node to be chosen.", maxItems: 16 },
        podAffinityTerm("Pods to be near to, or away from."),
      ),
      preferredDuringSchedulingIgnoredDuringExecution: list(
        "atomic",
        { description: "Nodes where more of these hold are taken first.", maxItems: 16 },
        object(
          { description: "A preference." },
          { weight: weight(), podAffinityTerm: podAffinityTerm("Pods to be near to, or away from.") },
        ),
      ),
    },
  );

const nodeAffinity = settings(
  { description: "Which nodes, by their labels." },
  {
    requiredDuringSchedulingIgnoredDuringExecution: object(
      { description: "Must hold for a node to be chosen." },
      {
        nodeSelectorTerms: list(
          "atomic",
          { description: "One of these must hold.", minItems: 1, maxItems: 16 },
          nodeSelectorTerm("Conditions that must all hold."),
        ),
      },
    ),
    preferredDuringSchedulingIgnoredDuringExecution: list(
      "atomic",
      { description: "Nodes where more of these hold are taken first.", maxItems: 16 },
      object(
        { description: "A preference." },
        { weight: weight(), preference: nodeSelectorTerm("Conditions on a node.") },
      ),
    ),
  },
);

export const affinity = settings(
  { description: "Affinity of the pods, as in core/v1. Absent: none." },
  {
    nodeAffinity,
    podAffinity: podAffinity("Pods to be near to."),
    podAntiAffinity: podAffinity("Pods to be away from."),
  },
);
