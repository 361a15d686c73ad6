/** Selectors of core/v1 and meta/v1, of which affinity, spreading and network policies are made. */
import { Type } from "typebox";
import { labelMap, list, object, oneOf, qualified, settings, text } from "./scalars.ts";

const values = (description: string) => list("atomic", { description }, Type.String({ maxLength: 63 }));

export const labelSelector = (description: string) =>
  settings(
    { description },
    {
      matchLabels: labelMap("Labels that must all be there with these values."),
      matchExpressions: list(
        "atomic",
        { description: "Conditions that must all hold." },
        object(
          { description: "One condition on a label." },
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
    { description },
    object(
      { description: "One condition on a node." },
      {
        key: text("The label or field.", 317),
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
