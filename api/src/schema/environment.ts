/** Environment variables of core/v1, without their `fileKeyRef`, which needs a feature gate. */
import { Type } from "typebox";
import { flag, list, object, objectName, quantity, settings, text } from "./scalars.ts";

const keyOf = (kind: string) =>
  object(
    { description: `A key of a ${kind} in the service's namespace.` },
    {
      name: objectName(`The ${kind}.`),
      key: text("The key.", 253, "^[-._a-zA-Z0-9]+$"),
      optional: Type.Optional(flag("Start without the variable when it is absent.")),
    },
  );

const valueFrom = settings(
  {
    description: "Where the value comes from, in place of value.",
    rules: [
      {
        rule: "[has(self.secretKeyRef), has(self.configMapKeyRef), has(self.fieldRef), has(self.resourceFieldRef)].filter(x, x).size() == 1",
        message: "name exactly one of secretKeyRef, configMapKeyRef, fieldRef and resourceFieldRef",
      },
    ],
  },
  {
    secretKeyRef: keyOf("Secret"),
    configMapKeyRef: keyOf("ConfigMap"),
    fieldRef: object(
      { description: "A field of the pod." },
      {
        fieldPath: text("The field, such as status.podIP.", 253),
        apiVersion: Type.Optional(text("The version that fieldPath is written in; v1 when absent.", 63)),
      },
    ),
    resourceFieldRef: object(
      { description: "A request or limit of the container." },
      {
        resource: text("The request or limit, such as limits.memory.", 253),
        containerName: Type.Optional(text("The container; its own when absent.", 63)),
        divisor: Type.Optional(quantity("The unit to express it in.")),
      },
    ),
  },
);

export const environment = list(
  { keys: ["name"] },
  { description: "Environment variables of the processor; they win over those that the operator sets.", maxItems: 100 },
  object(
    {
      description: "A variable.",
      rules: [{ rule: "!(has(self.value) && has(self.valueFrom))", message: "give value or valueFrom, not both" }],
    },
    {
      name: Type.String({ description: "Its name.", minLength: 1, maxLength: 253, pattern: "^[^=\\s]+$" }),
      value: Type.Optional(text("Its value; $(OTHER) stands for another variable.", 32_768)),
      valueFrom: Type.Optional(valueFrom),
    },
  ),
);
