/** Selectors of core/v1 and meta/v1, of which affinity, spreading and network policies are made. */
import { Type } from "typebox";
import { labelMap, labelValue, list, object, oneOf, qualified, settings, type CelRule } from "./scalars.ts";

const values = (description: string) => list("atomic", { description, maxItems: 16 }, labelValue());

const count = "(has(self.values) ? self.values.size() : 0)";

/** What a comparison takes is what the API server asks for, of a pod as of a service. */
const onLabels: readonly CelRule[] = [
  {
    rule: `!(self.operator in ['In', 'NotIn']) || ${count} > 0`,
    message: "operators In and NotIn take at least one value",
    fieldPath: ".values",
  },
  {
    rule: `!(self.operator in ['Exists', 'DoesNotExist']) || ${count} == 0`,
    message: "operators Exists and DoesNotExist take no values",
    fieldPath: ".values",
  },
];
const onNodes: readonly CelRule[] = [
  ...onLabels,
  {
    rule: `!(self.operator in ['Gt', 'Lt']) || (${count} == 1 && self.values[0].matches('^[0-9]+$'))`,
    message: "operators Gt and Lt take one value, a whole number",
    fieldPath: ".values",
  },
];

export const labelSelector = (description: string) =>
  settings(
    { description },
    {
      matchLabels: labelMap("Labels that must all be there with these values."),
      matchExpressions: list(
        "atomic",
        { description: "Conditions that must all hold.", maxItems: 16 },
        object(
          { description: "One condition on a label.", rules: onLabels },
          {
            key: qualified("The label."),
            operator: oneOf(["In", "NotIn", "Exists", "DoesNotExist"], "How the label is compared."),
            values: Type.Optional(values("What In and NotIn compare with.")),
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
      { description: "One condition on a node.", rules: onNodes },
      {
        key: qualified("The label or field."),
        operator: oneOf(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], "How it is compared."),
        values: Type.Optional(values("What it is compared with.")),
      },
    ),
  );

export const nodeSelectorTerm = (description: string) =>
  settings(
    { description },
    {
      matchExpressions: nodeSelectorRequirements("Conditions on labels that must all hold."),
      matchFields: nodeSelectorRequirements("Conditions on fields (metadata.name) that must all hold."),
    },
  );
