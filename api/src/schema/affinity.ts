/** Affinity of core/v1, in full, so that mistakes are found when a service is applied and not when its pods are created. */
import { Type, type TProperties } from "typebox";
import { labelName, list, object, qualified, settings, wholeNumber } from "./scalars.ts";
import { labelKeys, labelSelector, nodeSelectorTerm } from "./selectors.ts";

/** Preferences; `term` is the member besides the weight. */
const weighted = <Term extends TProperties>(term: Term) =>
  list(
    "atomic",
    {
      description: "Terms that a node should meet. The scheduler prefers nodes with the greatest sum of weights.",
      maxItems: 16,
    },
    object(
      { description: "A weighted term." },
      { weight: wholeNumber("Weight of the preference, from 1 to 100.", 1, 100), ...term },
    ),
  );

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
      topologyKey: qualified(
        "Key of the node label that defines the topology domains, such as kubernetes.io/hostname.",
      ),
      labelSelector: Type.Optional(labelSelector("Selects the pods.")),
      namespaces: Type.Optional(
        list(
          "atomic",
          { description: "Namespaces of the pods. Defaults to the service's namespace." },
          labelName("A namespace."),
        ),
      ),
      namespaceSelector: Type.Optional(labelSelector("Selects the namespaces of the pods by label.")),
      matchLabelKeys: labelKeys("Keys of labels whose value must equal that of the pod being scheduled."),
      mismatchLabelKeys: labelKeys("Keys of labels whose value must differ from that of the pod being scheduled."),
    },
  );

const podAffinity = (description: string) =>
  settings(
    { description },
    {
      requiredDuringSchedulingIgnoredDuringExecution: list(
        "atomic",
        { description: "Terms that a node must all meet for a pod to be scheduled onto it.", maxItems: 16 },
        podAffinityTerm("The pods to be scheduled near, or away from."),
      ),
      preferredDuringSchedulingIgnoredDuringExecution: weighted({
        podAffinityTerm: podAffinityTerm("The pods to be scheduled near, or away from."),
      }),
    },
  );

const nodeAffinity = settings(
  { description: "Rules that select nodes by label." },
  {
    requiredDuringSchedulingIgnoredDuringExecution: object(
      { description: "Terms that a node must meet for a pod to be scheduled onto it." },
      {
        nodeSelectorTerms: list(
          "atomic",
          { description: "Terms of which at least one must match.", minItems: 1, maxItems: 16 },
          nodeSelectorTerm("Requirements that must all be met."),
        ),
      },
    ),
    preferredDuringSchedulingIgnoredDuringExecution: weighted({
      preference: nodeSelectorTerm("Requirements on a node."),
    }),
  },
);

export const affinity = settings(
  { description: "Affinity of the pods, as in core/v1. Defaults to none." },
  {
    nodeAffinity,
    podAffinity: podAffinity("Rules that schedule pods near others."),
    podAntiAffinity: podAffinity("Rules that schedule pods away from others."),
  },
);
