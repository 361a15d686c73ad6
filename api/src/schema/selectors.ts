/** Selectors of core/v1 and meta/v1, for affinity, topology spread and network policies. */
import { Type } from "typebox";
import { labelMap, labelValue, list, object, oneOf, qualified, settings, type CelRule } from "./scalars.ts";

const values = (description: string) => list("atomic", { description, maxItems: 16 }, labelValue());

/** Keys of labels, whose values are compared with those of the pod being scheduled. */
export const labelKeys = (description: string) =>
  Type.Optional(list("atomic", { description }, qualified("A label key.")));

const count = "(has(self.values) ? self.values.size() : 0)";

/** The same rules that the API server applies to pods. */
const onLabels: readonly CelRule[] = [
  {
    rule: `!(self.operator in ['In', 'NotIn']) || ${count} > 0`,
    message: "operators In and NotIn require at least one value",
    fieldPath: ".values",
  },
  {
    rule: `!(self.operator in ['Exists', 'DoesNotExist']) || ${count} == 0`,
    message: "operators Exists and DoesNotExist require values to be empty",
    fieldPath: ".values",
  },
];
const onNodes: readonly CelRule[] = [
  ...onLabels,
  {
    rule: `!(self.operator in ['Gt', 'Lt']) || (${count} == 1 && self.values[0].matches('^[0-9]+$'))`,
    message: "operators Gt and Lt require one value, a whole number",
    fieldPath: ".values",
  },
];

export const labelSelector = (description: string) =>
  settings(
    { description },
    {
      matchLabels: labelMap("Labels that must all match."),
      matchExpressions: list(
        "atomic",
        { description: "Requirements that must all be met.", maxItems: 16 },
        object(
          { description: "A requirement on a label.", rules: onLabels },
          {
            key: qualified("The label key."),
            operator: oneOf(["In", "NotIn", "Exists", "DoesNotExist"], "How the label is compared with values."),
            values: Type.Optional(values("Values for In and NotIn. Must be empty for Exists and DoesNotExist.")),
          },
        ),
      ),
    },
  );

const nodeSelectorRequirements = (description: string) =>
  list(
    "atomic",
    { description, maxItems: 16 },
    object(
      { description: "A requirement on a node.", rules: onNodes },
      {
        key: qualified("The label key or field."),
        operator: oneOf(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], "How the key is compared with values."),
        values: Type.Optional(values("Values to compare with. Must be empty for Exists and DoesNotExist.")),
      },
    ),
  );

export const nodeSelectorTerm = (description: string) =>
  settings(
    { description },
    {
      matchExpressions: nodeSelectorRequirements("Requirements on labels that must all be met."),
      matchFields: nodeSelectorRequirements("Requirements on fields (metadata.name) that must all be met."),
    },
  );
